//! What is asked, whatever the face: which user, which filter, and how it is told that the answer is right.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::people::{Dice, People, Person};

/// What a line measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// `GET /Users/{id}`
    Get,
    /// `GET /Users?filter=userName eq "…"`: how identity providers look a user up.
    Find,
    /// `GET /Users?filter=userName sw "…"&count=20&sortBy=userName`: a sorted page of 20.
    List,
    /// `POST /Users`: durable when it is answered.
    Create,
}

impl Work {
    /// In the order in which they are measured: what writes comes last.
    pub const ALL: [Work; 4] = [Work::Get, Work::Find, Work::List, Work::Create];

    /// Its line in the table.
    pub fn name(self) -> &'static str {
        match self {
            Work::Get => "get by id",
            Work::Find => "list, userName eq",
            Work::List => "list, userName sw, sorted",
            Work::Create => "create",
        }
    }
}

/// The users that there are, and those that there will be.
pub struct Users {
    people: People,
    /// Id and userName.
    known: Vec<(String, String)>,
    next: AtomicUsize,
}

/// What is asked for.
pub enum Ask<'a> {
    /// A user's id.
    Get(&'a str),
    /// A filter; whether a sorted page is wanted; what the answer tells, if the filter is right.
    List { filter: String, is_page: bool, told: &'a str },
    /// A new user.
    Create(Box<Person>),
}

impl Users {
    /// The seed of the users.
    const SEED: u64 = 42;
    /// Results of a page.
    pub const PAGE: usize = 20;

    /// Users of these ids and names, made by `person`.
    pub fn new(count: usize) -> Self {
        let people = People::new(Self::SEED);
        let known = (0..count).map(|number| people.person(number)).map(|it| (it.id, it.user_name)).collect();
        Users { people, known, next: AtomicUsize::new(count) }
    }

    /// The user of a number.
    pub fn person(&self, number: usize) -> Person {
        self.people.person(number)
    }

    /// How many there were from the start.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// What a server of its own has called the users.
    pub fn rename(&mut self, ids: Vec<String>) {
        self.known.iter_mut().zip(ids).for_each(|((known, _), id)| *known = id);
    }

    /// Users that are created from now on begin here: those below are there already.
    pub fn go_on_at(&self, number: usize) {
        self.next.fetch_max(number, Ordering::Relaxed);
    }

    /// The next thing to ask.
    pub fn ask(&self, work: Work, dice: &mut Dice) -> Ask<'_> {
        let (id, user_name) = dice.pick(&self.known);
        match work {
            Work::Get => Ask::Get(id),
            Work::Find => Ask::List { filter: format!("userName eq \"{user_name}\""), is_page: false, told: user_name },
            Work::List => {
                // A few dozen of 100,000: those of a given name whose family names begin alike.
                let (given, family) = user_name.split_once('.').unwrap_or((user_name, ""));
                let start = family.get(..1).unwrap_or(family);
                Ask::List { filter: format!("userName sw \"{given}.{start}\""), is_page: true, told: given }
            }
            Work::Create => Ask::Create(Box::new(self.people.person(self.next.fetch_add(1, Ordering::Relaxed)))),
        }
    }
}
