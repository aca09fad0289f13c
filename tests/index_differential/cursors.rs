//! Pages by cursor (RFC 9865): all of them at once are what one search finds, and a walk that writes interrupt neither
//! skips nor repeats what did not change.

use std::collections::BTreeSet;

use scimdb::Tenant;
use scimdb::message::{SearchPage, SearchRequest};

use super::compare::ids;
use super::questions::Question;
use crate::support::random::Dice;

fn page(tenant: &Tenant, question: &Question, count: i64, cursor: &str) -> SearchPage {
    let request = SearchRequest {
        start_index: None,
        count: Some(count),
        cursor: Some(cursor.to_owned()),
        ..question.request.clone()
    };
    let page = tenant.search(question.scope.as_deref(), &request).unwrap_or_else(|error| {
        panic!("{error:?}: a page of {count} of {question:?}, by the cursor \"{cursor}\"");
    });
    assert!(page.resources.len() as i64 <= count);
    page
}

/// Pages from the first to the last, and back, against the list of all.
pub fn walk(dice: &mut Dice, tenant: &Tenant, question: &Question, expected: &[String]) {
    // Not many pages.
    let count = 1 + (expected.len() / 6 + dice.below(6)) as i64;
    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut cursor = String::new();
    let last = loop {
        let page = page(tenant, question, count, &cursor);
        assert_eq!(page.total_results, expected.len() as u64, "{question:?}");
        pages.push(ids(&page));
        match page.next_cursor.clone() {
            Some(next) => cursor = next,
            None => break page,
        }
        assert!(pages.len() <= expected.len() + 1, "pages without end: {question:?}");
    };
    assert_eq!(pages.concat(), expected, "pages of {count} of {question:?}");
    let mut back = last.previous_cursor;
    for earlier in pages.iter().rev().skip(1) {
        let page = page(tenant, question, count, &back.expect("there is a page before"));
        assert_eq!(ids(&page), *earlier, "back, by pages of {count}, of {question:?}");
        back = page.previous_cursor;
    }
    assert_eq!(back, None, "nothing stands before the first page of {question:?}");
}

/// A walk that goes on while others write.
pub struct Walk {
    question: Question,
    count: i64,
    cursor: String,
    expected: Vec<String>,
    got: Vec<String>,
    /// What was made, changed or deleted since the walk began.
    pub touched: BTreeSet<String>,
}

impl Walk {
    pub fn new(dice: &mut Dice, question: Question, expected: Vec<String>) -> Walk {
        let count = 1 + (expected.len() / 8 + dice.below(4)) as i64;
        Walk { question, count, cursor: String::new(), expected, got: Vec::new(), touched: BTreeSet::new() }
    }

    /// The next page. False: it was the last one.
    pub fn go_on(&mut self, tenant: &Tenant) -> bool {
        let page = page(tenant, &self.question, self.count, &self.cursor);
        self.got.extend(ids(&page));
        match page.next_cursor {
            Some(next) => {
                self.cursor = next;
                return true;
            }
            None => self.finish(),
        }
        false
    }

    fn finish(&self) {
        let same = |list: &[String]| -> Vec<String> {
            list.iter().filter(|id| !self.touched.contains(*id)).cloned().collect()
        };
        let about = format!("pages of {}, while {:?} changed, of {:?}", self.count, self.touched, self.question);
        assert_eq!(same(&self.got), same(&self.expected), "{about}");
    }
}
