//! The users of the demo.

use scimdb::model::{ENTERPRISE_USER_SCHEMA, USER_SCHEMA};
use serde_json::{Value, json};
use uuid::Uuid;

use super::dice::Dice;
use super::names::Names;
use crate::failure::Failure;

/// The departments; each is a group too.
pub const DEPARTMENTS: &[&str] = &[
    "Engineering",
    "Sales",
    "Marketing",
    "Finance",
    "Legal",
    "Operations",
    "Support",
    "Research",
    "People",
    "IT",
    "Security",
    "Procurement",
];

/// The sites, with country and region; each is a group too.
pub const SITES: &[(&str, &str, &str)] = &[
    ("Paris", "FR", "EMEA"),
    ("Berlin", "DE", "EMEA"),
    ("London", "GB", "EMEA"),
    ("Toronto", "CA", "Americas"),
    ("Austin", "US", "Americas"),
    ("Osaka", "JP", "APAC"),
    ("Sydney", "AU", "APAC"),
    ("Lagos", "NG", "EMEA"),
    ("Lima", "PE", "Americas"),
    ("Pune", "IN", "APAC"),
    ("Oslo", "NO", "EMEA"),
    ("Cairo", "EG", "EMEA"),
];

const TITLES: &[&str] = &[
    "Engineer",
    "Senior Engineer",
    "Manager",
    "Director",
    "Analyst",
    "Consultant",
    "Specialist",
    "Coordinator",
    "Architect",
    "Administrator",
    "Vice President",
    "Intern",
];

const DOMAINS: &[(&str, u32)] = &[
    ("example.com", 60),
    ("corp.example.com", 15),
    ("eu.example.com", 12),
    ("apac.example.com", 8),
    ("contractors.example.net", 5),
];

const USER_TYPES: &[(&str, u32)] = &[("Employee", 80), ("Contractor", 15), ("Intern", 5)];

/// How many groups a user is a direct member of.
const GROUP_COUNTS: &[(u32, u32)] = &[(1, 20), (2, 30), (3, 25), (4, 15), (5, 10)];

/// A user.
pub struct Person {
    pub id: Uuid,
    /// An index into [`DEPARTMENTS`].
    pub department: usize,
    /// An index into [`SITES`].
    pub site: usize,
    /// The project groups besides, by any numbers: as many as stand here.
    pub projects: Vec<u32>,
    /// Whether the group of the site is one of the user's groups.
    pub joins_site: bool,
    number: u32,
    given: &'static str,
    family: &'static str,
    domain: &'static str,
    title: &'static str,
    user_type: &'static str,
    language: &'static str,
    active: bool,
    home_email: bool,
    phone: [u32; 3],
    postal_code: u32,
    cost_center: u32,
    /// Year, month, day, hour, minute, second.
    created: [u32; 6],
}

impl Person {
    /// The resource.
    pub fn json(&self) -> Value {
        let Person { id, number, given, family, domain, .. } = self;
        let word = |name: &str| name.to_ascii_lowercase().replace('\'', "");
        let user_name = format!("{}.{}{number}@{domain}", word(given), word(family));
        let full_name = format!("{given} {family}");
        let (locality, country, _) = SITES.get(self.site).copied().unwrap_or_default();
        let [area, exchange, line] = self.phone;
        let [year, month, day, hour, minute, second] = self.created;
        let created = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        let mut emails = vec![json!({"value": user_name, "type": "work", "primary": true})];
        if self.home_email {
            emails.push(json!({"value": format!("{}{number}@home.example.org", word(family)), "type": "home"}));
        }
        json!({
            "schemas": [USER_SCHEMA, ENTERPRISE_USER_SCHEMA],
            "id": id.to_string(),
            "externalId": format!("e{:09}", u64::from(*number) * 7_919 % 1_000_000_007),
            "userName": user_name,
            "name": {"givenName": given, "familyName": family, "formatted": full_name},
            "displayName": full_name,
            "title": self.title,
            "userType": self.user_type,
            "preferredLanguage": self.language,
            "active": self.active,
            "emails": emails,
            "phoneNumbers": [{"value": format!("+1-{area:03}-{exchange:03}-{line:04}"), "type": "work"}],
            "addresses": [{
                "type": "work", "locality": locality, "country": country, "postalCode": format!("{:05}", self.postal_code),
            }],
            ENTERPRISE_USER_SCHEMA: {
                "employeeNumber": format!("{number:07}"),
                "department": DEPARTMENTS.get(self.department),
                "costCenter": format!("CC{:03}", self.cost_center),
            },
            "meta": {"resourceType": "User", "created": created, "lastModified": created},
        })
    }
}

/// Makes the users, one after another.
pub struct People {
    dice: Dice,
    last: Names,
    male: Names,
    female: Names,
    next: u32,
    end: u32,
}

impl People {
    pub fn new(count: u32, dice: Dice) -> Result<Self, Failure> {
        let (last, male, female) = (Names::of("last")?, Names::of("male")?, Names::of("female")?);
        Ok(People { dice, last, male, female, next: 0, end: count })
    }
}

impl Iterator for People {
    type Item = Person;

    fn next(&mut self) -> Option<Person> {
        if self.next == self.end {
            return None;
        }
        let number = self.next;
        self.next += 1;
        let People { dice, last, male, female, .. } = self;
        let first = if dice.chance(50) { male } else { female };
        let groups = dice.weighted(GROUP_COUNTS)?;
        let joins_site = groups > 1 && dice.chance(75);
        let projects = groups - 1 - u32::from(joins_site);
        Some(Person {
            id: dice.uuid(),
            department: dice.below(u32::try_from(DEPARTMENTS.len()).ok()?) as usize,
            site: dice.below(u32::try_from(SITES.len()).ok()?) as usize,
            // The smaller of two: some projects are much larger than others.
            projects: (0..projects).map(|_| dice.below(u32::MAX).min(dice.below(u32::MAX))).collect(),
            joins_site,
            number,
            given: first.pick(dice),
            family: last.pick(dice),
            domain: dice.weighted(DOMAINS)?,
            title: dice.pick(TITLES),
            user_type: dice.weighted(USER_TYPES)?,
            language: dice.pick(&["en-US", "fr-FR", "de-DE", "ja-JP"]),
            active: dice.chance(93),
            home_email: dice.chance(30),
            phone: [200 + dice.below(799), dice.below(999), dice.below(9_999)],
            postal_code: dice.below(99_999),
            cost_center: dice.below(400),
            created: [
                2015 + dice.below(11),
                1 + dice.below(12),
                1 + dice.below(28),
                dice.below(24),
                dice.below(60),
                dice.below(60),
            ],
        })
    }
}
