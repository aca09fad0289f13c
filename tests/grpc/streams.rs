//! StreamList, Import, Watch.

use std::time::Duration;

use scimdb::grpc::proto::{
    ChangeOperation, CreateRequest, DeleteRequest, GetImportJobRequest, ImportJob, ImportJobStatus, ImportRequest,
    ImportResponse, ImportSettings, ListImportJobsRequest, OnConflict, QueueImportRequest, QueueImportSettings,
    SortOrder, StreamListRequest, WatchRequest, WatchResponse, import_request::Part, import_response::Event,
    queue_import_request::Part as QueuePart,
};
use serde_json::json;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::harness::{USER, assert_refused, create_user, json_of, list, served, user, user_names};

const SOON: Duration = Duration::from_secs(10);

fn settings(settings: ImportSettings) -> ImportRequest {
    ImportRequest { part: Some(Part::Settings(settings)) }
}

fn chunk(bytes: &[u8]) -> ImportRequest {
    ImportRequest { part: Some(Part::Chunk(bytes.to_vec())) }
}

async fn events(mut answers: Streaming<ImportResponse>) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(answer) = timeout(SOON, answers.message()).await.unwrap().unwrap() {
        events.push(answer.event.unwrap());
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_gives_everything_in_order() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let names: Vec<String> = (0..300).map(|number| format!("user{number:03}")).collect();
    let rows: String = names.iter().map(|name| user(name) + "\n").collect();
    let parts = [settings(ImportSettings { resource_type: "User".into(), ..ImportSettings::default() })];
    let parts: Vec<ImportRequest> = parts.into_iter().chain(rows.as_bytes().chunks(1_000).map(chunk)).collect();
    let events = events(client.import(tokio_stream::iter(parts)).await.unwrap().into_inner()).await;
    let Some(Event::Report(report)) = events.last() else { panic!("{events:?}") };
    assert_eq!((report.read, report.created, report.rejected), (300, 300, 0));

    let request = StreamListRequest {
        resource_type: "User".into(),
        filter: "userName ge \"user100\"".into(),
        sort_by: "userName".into(),
        sort_order: SortOrder::Descending.into(),
        attributes: vec!["userName".into()],
        ..StreamListRequest::default()
    };
    let mut answers = client.stream_list(request).await.unwrap().into_inner();
    let mut found = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        assert!(!answer.resources.is_empty() && answer.resources.len() <= 64);
        found.extend(answer.resources);
    }
    let expected: Vec<String> = names.iter().skip(100).rev().cloned().collect();
    assert_eq!(user_names(&found), expected);

    // An error arrives as the status of the stream.
    let wrong = StreamListRequest { filter: "userName eq".into(), ..StreamListRequest::default() };
    let mut answers = client.stream_list(wrong).await.unwrap().into_inner();
    assert_refused(&answers.message().await.unwrap_err(), Code::InvalidArgument, "INVALID_FILTER");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_client() {
    let served = served(|options| options.max_streams = 1).await;
    let mut client = served.resources().await;
    let photo = "x".repeat(60_000);
    for number in 0..200 {
        let mut request = create_user(&format!("user{number}"));
        request.json = json!({ "schemas": [USER], "userName": format!("user{number}"), "nickName": photo }).to_string();
        client.create(request).await.unwrap();
    }
    let everything = || StreamListRequest { resource_type: "User".into(), ..StreamListRequest::default() };
    let mut first = client.stream_list(everything()).await.unwrap().into_inner();
    first.message().await.unwrap().unwrap();
    let refused = client.stream_list(everything()).await.unwrap_err();
    assert_refused(&refused, Code::Unavailable, "UNAVAILABLE");
    drop(first);
    let mut second = timeout(SOON, async {
        loop {
            match client.stream_list(everything()).await {
                Ok(answers) => return answers.into_inner(),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    })
    .await
    .expect("the search of a client that went away ends");
    let mut count = 0;
    while let Some(answer) = second.message().await.unwrap() {
        count += answer.resources.len();
    }
    assert_eq!(count, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_tells_which_rows_are_wrong() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let answers = client.import(ReceiverStream::new(receiver));
    let feeding = async {
        let rows = [user("ann"), "{\"userName\": 7".to_owned(), String::new(), user("ANN"), user("bob")].join("\n");
        let (one, two) = rows.as_bytes().split_at(40);
        let all = [settings(ImportSettings { resource_type: "User".into(), ..ImportSettings::default() })];
        for part in all.into_iter().chain([chunk(one), chunk(two), chunk(b"\n"), chunk(&vec![b'x'; (1 << 20) + 1])]) {
            sender.send(part).await.unwrap();
        }
        drop(sender);
    };
    let (answers, ()) = tokio::join!(answers, feeding);
    let events = events(answers.unwrap().into_inner()).await;
    let mut errors: Vec<(u64, &str, Option<&str>)> = events
        .iter()
        .filter_map(|event| match event {
            Event::RowError(error) => {
                let problem = error.problem.as_ref().unwrap();
                Some((error.row, problem.reason.as_str(), problem.scim_type.as_deref()))
            }
            Event::Progress(_) | Event::Report(_) => None,
        })
        .collect();
    errors.sort_unstable();
    assert_eq!(
        errors,
        [
            (2, "INVALID_SYNTAX", Some("invalidSyntax")),
            (4, "UNIQUENESS", Some("uniqueness")),
            (6, "PAYLOAD_TOO_LARGE", None)
        ]
    );
    let Some(Event::Report(report)) = events.last() else { panic!("{events:?}") };
    assert_eq!((report.read, report.created, report.rejected), (5, 2, 3));
    let page = client.list(list("")).await.unwrap().into_inner();
    assert_eq!(user_names(&page.resources), ["ann", "bob"]);

    // Conflicts as the client wants them.
    for (conflict, skipped, replaced) in [(OnConflict::Skip, 1, 0), (OnConflict::Replace, 0, 1)] {
        let first =
            ImportSettings { resource_type: "User".into(), on_conflict: conflict.into(), ..ImportSettings::default() };
        let row = json!({ "schemas": [USER], "userName": "ann", "nickName": "Annie" }).to_string();
        let parts = tokio_stream::iter([settings(first), chunk(row.as_bytes())]);
        let events = self::events(client.import(parts).await.unwrap().into_inner()).await;
        let Some(Event::Report(report)) = events.last() else { panic!("{events:?}") };
        assert_eq!((report.skipped, report.replaced, report.rejected), (skipped, replaced, 0));
    }
    let ann = client.list(list("userName eq \"ann\"")).await.unwrap().into_inner();
    assert_eq!(json_of(&ann.resources[0])["nickName"], "Annie");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_begins_with_its_settings() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let wrong_starts = [vec![], vec![chunk(b"{}\n")], vec![ImportRequest { part: None }]];
    for parts in wrong_starts {
        let mut answers = client.import(tokio_stream::iter(parts)).await.unwrap().into_inner();
        assert_refused(&answers.message().await.unwrap_err(), Code::InvalidArgument, "INVALID_ARGUMENT");
    }
    let twice = [ImportSettings::default(), ImportSettings::default()].map(settings);
    let mut answers = client.import(tokio_stream::iter(twice)).await.unwrap().into_inner();
    assert_refused(&answers.message().await.unwrap_err(), Code::InvalidArgument, "INVALID_ARGUMENT");
    let unknown = ImportSettings { resource_type: "Robot".into(), ..ImportSettings::default() };
    let mut answers = client.import(tokio_stream::iter([settings(unknown)])).await.unwrap().into_inner();
    assert_refused(&answers.message().await.unwrap_err(), Code::NotFound, "UNKNOWN_TYPE");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_queued_and_looked_at() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let json = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g"}"#.to_owned();
    let group =
        CreateRequest { resource_type: "Group".into(), json, id: "USG_FTEMP".into(), ..CreateRequest::default() };
    client.create(group).await.unwrap();
    let settings = QueueImportRequest { part: Some(QueuePart::Settings(QueueImportSettings::default())) };
    let chunk = |text: &[u8]| QueueImportRequest { part: Some(QueuePart::Chunk(text.to_vec())) };
    let text = br#"{"users": [{"userName": "ann"}, {"userName": "ANN"}, {"externalId": "x"}], "group": {"value": "USG_FTEMP"}}"#;
    let (head, tail) = text.split_at(30);
    let parts = vec![settings.clone(), chunk(head), chunk(tail)];
    let queued = client.queue_import(tokio_stream::iter(parts)).await.unwrap().into_inner().job.unwrap();
    assert_eq!((queued.import_size, queued.group.as_str(), queued.resource_type.as_str()), (3, "USG_FTEMP", "User"));
    let request = GetImportJobRequest { correlation_id: queued.correlation_id.clone(), ..Default::default() };
    let job = loop {
        let job = client.get_import_job(request.clone()).await.unwrap().into_inner().job.unwrap();
        if job.status() != ImportJobStatus::Importing {
            break job;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(
        (job.status(), job.processed, job.imported, job.already_existed, job.failed),
        (ImportJobStatus::Done, 3, 1, 1, 1)
    );
    assert_eq!((job.failures[0].row, job.failures[0].external_id()), (3, "x"));
    let listed = client.list_import_jobs(ListImportJobsRequest::default()).await.unwrap().into_inner().jobs;
    assert_eq!(listed, [ImportJob { failures: Vec::new(), ..job }]);
    // What breaks off, and what is none.
    for (parts, reason) in [
        (vec![], "INVALID_ARGUMENT"),
        (vec![settings.clone(), settings.clone()], "INVALID_ARGUMENT"),
        (vec![settings.clone(), chunk(head)], "INVALID_SYNTAX"),
    ] {
        let refused = client.queue_import(tokio_stream::iter(parts)).await.unwrap_err();
        assert_refused(&refused, Code::InvalidArgument, reason);
    }
    let unknown = GetImportJobRequest { correlation_id: "1P5FOESDK44J6Q0QAHK2".into(), ..Default::default() };
    assert_refused(&client.get_import_job(unknown).await.unwrap_err(), Code::NotFound, "NOT_FOUND");
}

async fn next(answers: &mut Streaming<WatchResponse>) -> WatchResponse {
    timeout(SOON, answers.message()).await.expect("a response comes").unwrap().expect("the watch goes on")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_is_resumed_where_it_ended() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    client.create(create_user("before")).await.unwrap();
    let mut answers = client.watch(WatchRequest::default()).await.unwrap().into_inner();
    let greeting = next(&mut answers).await;
    assert!(greeting.changes.is_empty(), "only changes from now on");

    let ann = client.create(create_user("ann")).await.unwrap().into_inner().resource.unwrap();
    let told = next(&mut answers).await;
    assert_eq!(told.changes.len(), 1);
    let change = &told.changes[0];
    assert_eq!((change.operation(), change.id.as_str()), (ChangeOperation::Create, ann.id.as_str()));
    assert_eq!(change.sequence, told.sequence);
    assert!(change.sequence > greeting.sequence);
    assert!(change.attributes.iter().any(|path| path == "userName"), "{change:?}");
    drop(answers);

    // What happens while nobody watches is told afterwards.
    let gone = DeleteRequest { resource_type: "User".into(), id: ann.id.clone(), ..DeleteRequest::default() };
    client.delete(gone).await.unwrap();
    client.create(create_user("bob")).await.unwrap();
    let resume = WatchRequest { since: Some(told.sequence), ..WatchRequest::default() };
    let mut answers = client.watch(resume).await.unwrap().into_inner();
    let mut changes = Vec::new();
    while changes.len() < 2 {
        changes.extend(next(&mut answers).await.changes);
    }
    let operations: Vec<ChangeOperation> = changes.iter().map(|change| change.operation()).collect();
    assert_eq!(operations, [ChangeOperation::Delete, ChangeOperation::Create]);

    // From the beginning, and of one resource type.
    let groups = WatchRequest { since: Some(0), resource_types: vec!["group".into()], ..WatchRequest::default() };
    let mut answers = client.watch(groups).await.unwrap().into_inner();
    assert!(next(&mut answers).await.changes.is_empty());
    let all = WatchRequest { since: Some(0), resource_types: vec!["user".into()], ..WatchRequest::default() };
    let mut answers = client.watch(all).await.unwrap().into_inner();
    assert_eq!(next(&mut answers).await.changes.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_watch_says_that_it_lives() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let heartbeat = Some(prost_types::Duration { seconds: 0, nanos: 1 });
    let mut answers = client.watch(WatchRequest { heartbeat, ..WatchRequest::default() }).await.unwrap().into_inner();
    let greeting = next(&mut answers).await;
    let started = std::time::Instant::now();
    let silence = next(&mut answers).await;
    assert!(silence.changes.is_empty() && silence.sequence == greeting.sequence);
    assert!(started.elapsed() >= Duration::from_millis(900), "a second is the least");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_watch_the_same_tenant() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let mut watches = Vec::new();
    for _ in 0..20 {
        let mut answers = client.watch(WatchRequest::default()).await.unwrap().into_inner();
        next(&mut answers).await;
        watches.push(answers);
    }
    for number in 0..3 {
        client.create(create_user(&format!("user{number}"))).await.unwrap();
    }
    for answers in &mut watches {
        let mut count = 0;
        while count < 3 {
            count += next(answers).await.changes.len();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_with_its_token() {
    let served = served(|options| options.require_tokens = true).await;
    let secret = served.token("default", "reader", scimdb::engine::Scope::Read);
    let mut client = served.resources().await;
    let heartbeat = Some(prost_types::Duration { seconds: 1, nanos: 0 });
    let request = WatchRequest { heartbeat, ..WatchRequest::default() };
    let mut answers = client.watch(crate::harness::with_token(&secret, request)).await.unwrap().into_inner();
    next(&mut answers).await;
    served.store.tenant("default").unwrap().revoke_token("reader").unwrap();
    let ended = timeout(SOON, async {
        loop {
            if let Err(status) = answers.message().await {
                return status;
            }
        }
    });
    assert_refused(&ended.await.expect("the watch ends"), Code::Unauthenticated, "UNAUTHENTICATED");
}
