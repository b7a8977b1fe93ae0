//! What a simulation is made of: how much happens, and how much goes wrong.

use super::rng::Rng;

/// A protocol bug planted on purpose, to see whether the simulator would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// Arrivals are ordered by delivery, not by the event's sequencer.
    NoSequencer,
    /// Messages are acknowledged when they are received.
    EarlyAck,
    /// Creating an object that is there replaces it.
    Overwrite,
    /// Manifests are written whatever the ETag.
    NoSwapCheck,
    /// Nothing looks again: no sweep, no inbox reconciliation.
    NoSweep,
}

impl Plant {
    pub const ALL: [Plant; 5] =
        [Plant::NoSequencer, Plant::EarlyAck, Plant::Overwrite, Plant::NoSwapCheck, Plant::NoSweep];

    pub fn name(self) -> &'static str {
        match self {
            Plant::NoSequencer => "no-sequencer",
            Plant::EarlyAck => "early-ack",
            Plant::Overwrite => "overwrite",
            Plant::NoSwapCheck => "no-swap-check",
            Plant::NoSweep => "no-sweep",
        }
    }

    pub fn parse(name: &str) -> anyhow::Result<Self> {
        let names: Vec<&str> = Plant::ALL.iter().map(|plant| plant.name()).collect();
        let found = Plant::ALL.into_iter().find(|plant| plant.name() == name);
        found.ok_or_else(|| anyhow::anyhow!("`{name}` is no planted bug; take one of {}", names.join(", ")))
    }
}

/// How often each fault happens, in ten thousand.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Per message: delivered twice.
    pub duplicate: u32,
    /// Per notification: never sent.
    pub drop: u32,
    /// Per message: hidden for up to 15 minutes.
    pub delay: u32,
    /// Per invocation: dies at a random call.
    pub crash: u32,
    /// Per invocation: stops at a random call until its messages and claims belong to others, then goes on.
    pub zombie: u32,
    /// Per call: refused for now.
    pub throttle: u32,
    /// Per writing call: done, and answered with an error.
    pub lost_ack: u32,
    /// Per notification: garbage arrives in its place. Per upload: the bytes are corrupt.
    pub poison: u32,
}

impl Rates {
    pub const STANDARD: Rates = Rates {
        duplicate: 2000,
        drop: 100,
        delay: 200,
        crash: 1000,
        zombie: 200,
        throttle: 500,
        lost_ack: 200,
        poison: 50,
    };

    /// Rates of one run of a swarm: each fault from absent to twice its usual rate.
    pub fn swarm(rng: &mut Rng) -> Rates {
        let usual = Rates::STANDARD;
        let mut any = |rate: u32| rng.range(0, 3) as u32 * rate * rng.range(1, 101) as u32 / 100;
        Rates {
            duplicate: any(usual.duplicate),
            drop: any(usual.drop),
            delay: any(usual.delay),
            crash: any(usual.crash),
            zombie: any(usual.zombie),
            throttle: any(usual.throttle),
            lost_ack: any(usual.lost_ack),
            poison: any(usual.poison),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Config {
    pub uploads: u64,
    pub seed: u64,
    pub rates: Rates,
    pub sweep: bool,
    /// Receives after which a message is a dead letter.
    pub max_receives: u32,
    pub plant: Option<Plant>,
    /// Print every call whose subject contains this.
    pub watch: Option<&'static str>,
}

impl Config {
    pub fn standard(uploads: u64, seed: u64) -> Self {
        Config { uploads, seed, rates: Rates::STANDARD, sweep: true, max_receives: 5, plant: None, watch: None }
    }

    /// Without the sweep, which masks bugs of the queues: then nothing may be dropped, and no message may die.
    pub fn without_sweep(mut self) -> Self {
        self.sweep = false;
        self.rates.drop = 0;
        self.rates.poison = 0;
        self.max_receives = u32::MAX;
        self
    }

    pub fn planted(mut self, plant: Plant) -> Self {
        self.plant = Some(plant);
        self.sweep &= plant != Plant::NoSweep;
        self
    }
}
