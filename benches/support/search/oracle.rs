//! What each query must answer, found by a scan of the users in memory: code that shares nothing with the engine, and
//! knows each query by its name.

use serde_json::{Value as Json, json};

use super::Outcome;
use super::data::Record;
use super::queries::Planned;

/// The exact total, and the ids of the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub total: u64,
    pub ids: Vec<String>,
}

impl Answer {
    pub fn to_json(&self) -> Json {
        json!({"total": self.total, "ids": self.ids})
    }

    pub fn from_json(json: &Json) -> Option<Self> {
        let ids = json.get("ids")?.as_array()?.iter().filter_map(Json::as_str).map(str::to_owned).collect();
        Some(Answer { total: json.get("total")?.as_u64()?, ids })
    }
}

type Meets = fn(&Record) -> bool;
type Key = fn(&Record) -> &str;

fn is(value: &Option<String>, text: &str) -> bool {
    value.as_deref() == Some(text)
}

/// Which users a query finds; none for the queries that name one user.
fn condition(query: &str) -> Option<Meets> {
    let meets: Meets = match query {
        "Q2" => |user| user.user_name.starts_with("mary.sm"),
        "Q3" => |user| user.user_name.contains("smith"),
        "Q4a" => |user| user.display_name.contains("zq"),
        "Q4b" => |user| user.display_name.contains("amezq"),
        "Q5" => |user| user.user_name.ends_with("7@example.com"),
        "Q6" => |user| user.emails.iter().any(|(_, value)| value.ends_with("@home.example.org")),
        "Q8" => |user| user.title.as_ref().is_some_and(|title| !title.is_empty()),
        "Q9" => |user| user.active == Some(false) && is(&user.department, "sales"),
        "Q10" => |user| user.display_name.starts_with("jo"),
        "Q11" | "Q12" => |_| true,
        "Q13" => |user| user.family_name == "smith" && !is(&user.user_type, "contractor"),
        "Q14" => |user| user.last_modified.as_str() > "2025-06-01T00:00:00",
        "Q15" => |user| user.emails.iter().any(|(kind, value)| kind == "home" && value.contains("smith")),
        "Q16" => |user| {
            (user.display_name.contains("ann") || user.display_name.contains("lee")) && is(&user.title, "manager")
        },
        "Q17" => |user| user.display_name.contains("ab"),
        _ => return None,
    };
    Some(meets)
}

/// What a query's users are sorted by, and whether the last come first.
fn order(query: &str) -> Option<(Key, bool)> {
    let order: (Key, bool) = match query {
        "Q10" => (|user| &user.display_name, false),
        "Q11" | "Q12" => (|user| &user.user_name, false),
        "Q13" => (|user| &user.created, true),
        "Q14" => (|user| &user.last_modified, true),
        _ => return None,
    };
    Some(order)
}

/// What each request of a query must answer.
pub fn answers(users: &[Record], query: &Planned) -> Outcome<Vec<Answer>> {
    if let Some(found) = &query.named {
        return Ok(found.iter().map(|id| Answer { total: 1, ids: vec![id.clone()] }).collect());
    }
    let meets = condition(&query.id).ok_or_else(|| format!("the oracle does not know {}", query.id))?;
    let mut found: Vec<&Record> = users.iter().filter(|user| !user.deleted && meets(user)).collect();
    if let Some((key, descending)) = order(&query.id) {
        // A stable sort: users of one value stay in the order in which they were created, in both directions.
        match descending {
            true => found.sort_by(|left, right| key(right).cmp(key(left))),
            false => found.sort_by(|left, right| key(left).cmp(key(right))),
        }
    }
    let total = found.len() as u64;
    let page = found.iter().skip(query.start.saturating_sub(1)).take(query.count);
    Ok(vec![Answer { total, ids: page.map(|user| user.id.clone()).collect() }])
}

/// Compares what the store answered with what it must answer.
pub fn check(users: &[Record], plan: &[Planned], answered: &Json) -> Outcome<()> {
    for query in plan {
        let given = answered.get(&query.id).and_then(Json::as_array).ok_or_else(|| format!("no {}", query.id))?;
        let expected = answers(users, query)?;
        if given.len() != expected.len() {
            return Err(format!("{}: {} answers instead of {}", query.id, given.len(), expected.len()).into());
        }
        for (given, expected) in given.iter().zip(&expected) {
            let given = Answer::from_json(given).ok_or("an answer cannot be read")?;
            if given.total != expected.total {
                let text = format!("{}: found {} users instead of {}", query.id, given.total, expected.total);
                return Err(text.into());
            }
            if given.ids != expected.ids {
                let place = given.ids.iter().zip(&expected.ids).position(|(given, expected)| given != expected);
                let place = place.map_or("its end".to_owned(), |place| (place + 1).to_string());
                return Err(format!("{}: the page differs from the oracle's at {place}", query.id).into());
            }
        }
    }
    Ok(())
}
