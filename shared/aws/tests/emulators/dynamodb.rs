//! Catalog, claims and ledger.

use super::{SystemClock, assert_kept, clients, sdk, server, stub};
use aws::dynamodb::{PARTITION_KEY, SORT_KEY, ledger_definition, table_definition};
use aws::{DynamoCatalog, DynamoClaims, DynamoLedger};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use ports::{Catalog, CatalogQuery, Ledger, LedgerQuery, contract};
use serde_json::Value;

/// Makes a table as [`table_definition`] says.
pub async fn make_table(client: &Client, name: &str) {
    make(client, name, &table_definition()).await;
}

async fn make(client: &Client, name: &str, definition: &Value) {
    let mut table = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for attribute in definition["AttributeDefinitions"].as_array().expect("attributes") {
        let attribute_type = ScalarAttributeType::from(attribute["AttributeType"].as_str().expect("a type"));
        let name = attribute["AttributeName"].as_str().expect("a name");
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(attribute_type);
        table = table.attribute_definitions(attribute.build().expect("complete"));
    }
    for element in definition["KeySchema"].as_array().expect("keys") {
        let key_type = KeyType::from(element["KeyType"].as_str().expect("a type"));
        let name = element["AttributeName"].as_str().expect("a name");
        let element = KeySchemaElement::builder().attribute_name(name).key_type(key_type);
        table = table.key_schema(element.build().expect("complete"));
    }
    table.send().await.expect("the table is made");
    let Some(attribute) = definition["TimeToLiveSpecification"]["AttributeName"].as_str() else { return };
    let expiry = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true);
    let expiry = expiry.build().expect("complete");
    client.update_time_to_live().table_name(name).time_to_live_specification(expiry).send().await.expect("expiry");
}

async fn check(service: &str, endpoint: &str) {
    let client = Client::new(&sdk(endpoint));
    let clients = clients(endpoint);
    make_table(&client, "catalog").await;
    let catalog = DynamoCatalog::new(clients.clone(), "catalog");
    assert_kept(service, &contract::catalog(&catalog).await);
    check_items(&client, "catalog").await;
    stray_places(&client, "catalog", &catalog).await;
    make_table(&client, "claims").await;
    let claims = DynamoClaims::new(clients, "claims");
    assert_kept(service, &contract::claims(&claims, &SystemClock).await);
}

async fn check_ledger(service: &str, endpoint: &str) {
    let client = Client::new(&sdk(endpoint));
    make(&client, "ledger", &ledger_definition()).await;
    let ledger = DynamoLedger::new(clients(endpoint), "ledger");
    assert_kept(service, &contract::ledger(&ledger).await);
    // A page looks at a month of days at most, then says where to go on.
    let (from_day, to_day) = ("2030-01-01".to_owned(), "2031-12-31".to_owned());
    let mut query = LedgerQuery { from_day, to_day, after: None, limit: 10 };
    let mut n_pages = 1;
    while let Some(next) = ledger.entries(&query).await.expect("lists").next {
        query.after = Some(next);
        n_pages += 1;
    }
    assert_eq!(n_pages, 24);
}

/// The same again, every search by walking the lists: all of them, and those that match more than a few.
#[tokio::test(flavor = "multi_thread")]
async fn walked_searches_on_ministack() {
    let server = server::ministack();
    let client = Client::new(&sdk(&server.endpoint));
    for few_matches in [0, 3] {
        let table = format!("walked-{few_matches}");
        make_table(&client, &table).await;
        let catalog = DynamoCatalog::new(clients(&server.endpoint), &table).walking_above(few_matches);
        // And the vectors in pages, of which there are several.
        let catalog = catalog.with_vectors_per_page(5);
        assert_kept("ministack", &contract::catalog(&catalog).await);
    }
}

/// A list that sees an asset where it was, and where it is now, shows it once.
async fn stray_places(client: &Client, table: &str, catalog: &DynamoCatalog) {
    let everything = CatalogQuery { limit: 1000, ..CatalogQuery::default() };
    let page = catalog.list(&everything).await.expect("lists");
    let asset = page.entries[0].asset.as_str();
    for (shard, age) in [(0, "0000000000000001"), (1, "ffffffffffffff00"), (1, "ffffffffffffff01")] {
        let place = client.put_item().table_name(table);
        let place = place.item(PARTITION_KEY, AttributeValue::S(format!("list#failed#{shard}")));
        let place = place.item(SORT_KEY, AttributeValue::S(format!("{age}.{asset}")));
        place.item("kind", AttributeValue::S("image/png".into())).send().await.expect("writes");
    }
    assert_eq!(catalog.list(&everything).await.expect("lists"), page);
}

/// Checks what is left in the table: one entry and two places for each asset, whatever happened to it. The adapter
/// itself never scans.
async fn check_items(client: &Client, table: &str) {
    let items = client.scan().table_name(table).consistent_read(true).into_paginator().items().send();
    let items = items.collect::<Result<Vec<_>, _>>().await.expect("scans");
    let n_of = |prefix: &str| {
        let is_of = |item: &&std::collections::HashMap<String, _>| {
            let key: &AttributeValue = &item[PARTITION_KEY];
            key.as_s().expect("text").starts_with(prefix)
        };
        items.iter().filter(is_of).count()
    };
    let n_entries = n_of("entry#");
    assert!(n_entries > 40, "{n_entries} entries");
    assert_eq!(n_of("list#"), n_entries, "places in the lists");
    assert_eq!(n_of("profile#"), n_entries, "places by profile");
    let n_vectors = items.iter().filter(|item| item.contains_key("vector")).count();
    assert!(n_vectors > 100, "{n_vectors} entries with vectors");
    assert_eq!(n_of("vector#"), n_vectors, "vectors, and none that belongs to no entry");
    assert!(items.iter().all(|item| item[SORT_KEY].as_s().is_ok_and(|key| !key.is_empty())));
}

#[tokio::test(flavor = "multi_thread")]
async fn catalog_and_claims_on_ministack() {
    let server = server::ministack();
    check("ministack", &server.endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn catalog_and_claims_on_moto() {
    let server = server::moto();
    let (endpoint, door) = stub::door(&server.endpoint).await;
    check("moto", &endpoint).await;
    door.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn ledger_on_ministack() {
    let server = server::ministack();
    check_ledger("ministack", &server.endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ledger_on_moto() {
    let server = server::moto();
    let (endpoint, door) = stub::door(&server.endpoint).await;
    check_ledger("moto", &endpoint).await;
    door.abort();
}
