//! From the price book to models that can be asked: what `models.toml` says is the only thing that decides.

use crate::book::{Book, Kind, ModelSpec, Provider, RouteSpec};
use crate::exchange::Exchange;
use crate::hosted::Hosted;
use crate::route::{Breakers, Route};
use crate::{Embedder, Guard, ImageModel, TextModel, Transcriber};
use ports::Clock;
use std::sync::Arc;

/// Why a name of the configuration leads to no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("there is no model or route `{0}` in the price book")]
    Unknown(String),
    #[error("`{name}` is for {found:?}, not for {wanted:?}")]
    WrongKind { name: String, found: Kind, wanted: Kind },
    #[error("model `{model}` is on {provider:?}, which was not connected: {fix}")]
    NoProvider { model: String, provider: Provider, fix: &'static str },
}

/// Everything that a name of a model or a route is turned into a model with.
pub struct Models {
    book: Book,
    clock: Arc<dyn Clock>,
    breakers: Arc<Breakers>,
    #[cfg(feature = "bedrock")]
    bedrock: Option<crate::Bedrock>,
    #[cfg(feature = "openai")]
    openai: Option<OpenAiServers>,
}

/// Reads a variable of the environment.
#[cfg(feature = "openai")]
type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The connections to OpenAI-compatible servers, and where their keys are.
#[cfg(feature = "openai")]
struct OpenAiServers {
    http: Arc<crate::HttpClient>,
    key: Box<Variables>,
}

impl Models {
    pub fn new(book: Book, clock: Arc<dyn Clock>) -> Self {
        Models {
            book,
            clock,
            breakers: Arc::default(),
            #[cfg(feature = "bedrock")]
            bedrock: None,
            #[cfg(feature = "openai")]
            openai: None,
        }
    }

    pub fn book(&self) -> &Book {
        &self.book
    }

    #[cfg(feature = "bedrock")]
    #[must_use]
    pub fn with_bedrock(mut self, bedrock: crate::Bedrock) -> Self {
        self.bedrock = Some(bedrock);
        self
    }

    /// Connects OpenAI-compatible servers. `variable` reads the environment variables that the book names for keys.
    #[cfg(feature = "openai")]
    #[must_use]
    pub fn with_openai(
        mut self,
        http: Arc<crate::HttpClient>,
        variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.openai = Some(OpenAiServers { http, key: Box::new(variable) });
        self
    }

    /// Returns the text model, or the route of them, of a name.
    pub fn text(&self, name: &str) -> Result<Arc<dyn TextModel>, ConnectError> {
        Ok(Arc::new(self.route::<dyn TextModel>(name, Kind::Text, |model| Arc::new(model))?))
    }

    /// Returns the embedder, or the route of them, of a name.
    pub fn embedder(&self, name: &str) -> Result<Arc<dyn Embedder>, ConnectError> {
        Ok(Arc::new(self.route::<dyn Embedder>(name, Kind::Embedding, |model| Arc::new(model))?))
    }

    /// Returns the model that makes pictures, or the route of them, of a name.
    pub fn image(&self, name: &str) -> Result<Arc<dyn ImageModel>, ConnectError> {
        Ok(Arc::new(self.route::<dyn ImageModel>(name, Kind::Image, |model| Arc::new(model))?))
    }

    /// Returns the guard, or the route of them, of a name. The guards of a route should have the same rules: the first
    /// that answers decides.
    pub fn guard(&self, name: &str) -> Result<Arc<dyn Guard>, ConnectError> {
        Ok(Arc::new(self.route::<dyn Guard>(name, Kind::Guard, |model| Arc::new(model))?))
    }

    /// Returns the transcriber, or the route of them, of a name.
    pub fn transcriber(&self, name: &str) -> Result<Arc<dyn Transcriber>, ConnectError> {
        Ok(Arc::new(self.route::<dyn Transcriber>(name, Kind::Transcription, |model| Arc::new(model))?))
    }

    /// A model by itself goes through a breaker too.
    fn route<P: ?Sized>(
        &self,
        name: &str,
        kind: Kind,
        port: impl Fn(Hosted) -> Arc<P>,
    ) -> Result<Route<P>, ConnectError> {
        let hosted = |spec: &Arc<ModelSpec>| Ok(Hosted::new(spec.clone(), self.exchange(spec)?, self.clock.clone()));
        let models = self.specs(name, kind)?.into_iter().map(|spec| hosted(spec).map(&port));
        let candidates = models.collect::<Result<Vec<_>, ConnectError>>()?;
        Ok(Route::new(name, candidates, self.breakers.clone(), self.clock.clone()))
    }

    fn specs(&self, name: &str, wanted: Kind) -> Result<Vec<&Arc<ModelSpec>>, ConnectError> {
        let ids = match (self.book.route(name), self.book.model(name)) {
            (Some(RouteSpec { models, .. }), _) => models.iter().map(String::as_str).collect(),
            (None, Some(_)) => vec![name],
            (None, None) => return Err(ConnectError::Unknown(name.to_owned())),
        };
        let specs: Vec<_> = ids.into_iter().filter_map(|id| self.book.model(id)).collect();
        match specs.iter().find(|spec| spec.kind != wanted) {
            Some(spec) => Err(ConnectError::WrongKind { name: spec.id.clone(), found: spec.kind, wanted }),
            None => Ok(specs),
        }
    }

    fn exchange(&self, spec: &ModelSpec) -> Result<Arc<dyn Exchange>, ConnectError> {
        match spec.provider {
            #[cfg(feature = "bedrock")]
            Provider::Bedrock => match &self.bedrock {
                Some(bedrock) => Ok(Arc::new(bedrock.clone())),
                None => Err(no_provider(spec)),
            },
            #[cfg(feature = "openai")]
            Provider::Openai => match self.openai_of(spec) {
                Some(server) => Ok(Arc::new(server)),
                None => Err(no_provider(spec)),
            },
            #[cfg(not(all(feature = "bedrock", feature = "openai")))]
            _ => Err(no_provider(spec)),
        }
    }

    #[cfg(feature = "openai")]
    fn openai_of(&self, spec: &ModelSpec) -> Option<crate::OpenAi> {
        let servers = self.openai.as_ref()?;
        let key = spec.key_variable.as_ref().and_then(|name| (servers.key)(name));
        Some(crate::OpenAi::new(servers.http.clone(), spec.url.as_deref()?, key))
    }
}

fn no_provider(spec: &ModelSpec) -> ConnectError {
    let fix = match spec.provider {
        Provider::Bedrock => "build with the feature `bedrock` and set AWS credentials and a region",
        Provider::Openai => "build with the feature `openai`",
    };
    ConnectError::NoProvider { model: spec.id.clone(), provider: spec.provider, fix }
}
