//! The groups of the demo: departments, sites in regions in the whole company, and projects.

use scimdb::model::GROUP_SCHEMA;
use serde_json::{Value, json};
use uuid::Uuid;

use super::dice::Dice;
use super::people::{DEPARTMENTS, Person, SITES};

/// The group that everything else hangs from: it holds the regions, which hold the sites, which hold users.
pub const EVERYONE: &str = "All of Example";

const REGIONS: &[&str] = &["EMEA", "Americas", "APAC"];

const ADJECTIVES: &[&str] = &[
    "Amber", "Bold", "Calm", "Distant", "Early", "Fair", "Golden", "Hidden", "Iron", "Jade", "Keen", "Lunar",
    "Northern", "Open", "Polar",
];
const NOUNS: &[&str] = &[
    "Anchor", "Beacon", "Comet", "Delta", "Echo", "Falcon", "Glacier", "Harbor", "Island", "Juniper", "Lantern",
    "Meadow",
];

struct Group {
    id: Uuid,
    name: String,
    users: Vec<Uuid>,
    groups: Vec<Uuid>,
}

/// The groups, filling with members.
pub struct Groups {
    all: Vec<Group>,
    sites: usize,
    departments: usize,
    projects: usize,
}

impl Groups {
    /// This many, at least 28 for the departments and sites, the rest of them projects.
    pub fn new(count: u32, dice: &mut Dice) -> Self {
        let named = std::iter::once(EVERYONE.to_owned())
            .chain(REGIONS.iter().map(|region| format!("Region {region}")))
            .chain(SITES.iter().map(|(site, ..)| format!("Site {site}")))
            .chain(DEPARTMENTS.iter().map(|department| format!("Department {department}")));
        let mut all: Vec<Group> =
            named.chain((0..).map(project_name)).take(count as usize).map(|name| Group::new(name, dice)).collect();
        let sites = 1 + REGIONS.len();
        let departments = sites + SITES.len();
        let projects = departments + DEPARTMENTS.len();
        let ids: Vec<Uuid> = all.iter().map(|group| group.id).collect();
        let mut nest = |outer: usize, inner: usize| {
            if let (Some(group), Some(id)) = (all.get_mut(outer), ids.get(inner)) {
                group.groups.push(*id);
            }
        };
        for (index, name) in REGIONS.iter().enumerate() {
            nest(0, 1 + index);
            let within = SITES.iter().enumerate().filter(|(_, (.., region))| region == name);
            within.for_each(|(site, _)| nest(1 + index, sites + site));
        }
        // Every tenth project takes another one in.
        (projects..ids.len().saturating_sub(1)).step_by(10).for_each(|project| nest(project, project + 1));
        Groups { all, sites, departments, projects }
    }

    /// Makes the user a member of one to five groups.
    pub fn join(&mut self, person: &Person) {
        let projects = self.all.len().saturating_sub(self.projects);
        let mut chosen = vec![self.departments + person.department];
        chosen.extend(person.joins_site.then_some(self.sites + person.site));
        for drawn in &person.projects {
            let drawn = (u64::from(*drawn) * projects as u64) >> 32;
            let first = usize::try_from(drawn).unwrap_or_default();
            // The next one that the user is no member of yet.
            let free =
                (0..projects).map(|step| self.projects + (first + step) % projects).find(|g| !chosen.contains(g));
            chosen.extend(free);
        }
        for index in chosen {
            if let Some(group) = self.all.get_mut(index) {
                group.users.push(person.id);
            }
        }
    }

    /// The resources.
    pub fn rows(&self) -> impl Iterator<Item = Value> + '_ {
        self.all.iter().map(|group| {
            let users = group.users.iter().map(|id| json!({"value": id.to_string(), "type": "User"}));
            let groups = group.groups.iter().map(|id| json!({"value": id.to_string(), "type": "Group"}));
            json!({
                "schemas": [GROUP_SCHEMA],
                "id": group.id.to_string(),
                "displayName": group.name,
                "members": groups.chain(users).collect::<Vec<_>>(),
                "meta": {
                    "resourceType": "Group", "created": "2014-06-01T08:00:00Z", "lastModified": "2014-06-01T08:00:00Z",
                },
            })
        })
    }
}

impl Group {
    fn new(name: String, dice: &mut Dice) -> Self {
        Group { id: dice.uuid(), name, users: Vec::new(), groups: Vec::new() }
    }
}

/// "Project Amber Anchor", and with a number behind it once all pairs are used.
fn project_name(index: usize) -> String {
    let pairs = ADJECTIVES.len() * NOUNS.len();
    let adjective = ADJECTIVES.get(index % ADJECTIVES.len()).copied().unwrap_or_default();
    let noun = NOUNS.get(index / ADJECTIVES.len() % NOUNS.len()).copied().unwrap_or_default();
    match index / pairs {
        0 => format!("Project {adjective} {noun}"),
        round => format!("Project {adjective} {noun} {}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::people::People;
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_user_is_in_one_to_five_groups_and_groups_nest_three_deep() {
        let mut dice = Dice::new(7);
        let mut groups = Groups::new(200, &mut dice);
        let people: Vec<Person> = People::new(2_000, dice).unwrap().collect();
        people.iter().for_each(|person| groups.join(person));
        let mut memberships: BTreeMap<Uuid, usize> = BTreeMap::new();
        for group in &groups.all {
            assert_eq!(group.users.iter().collect::<BTreeSet<_>>().len(), group.users.len(), "{}", group.name);
            group.users.iter().for_each(|user| *memberships.entry(*user).or_default() += 1);
        }
        assert_eq!(memberships.len(), people.len());
        let counts: BTreeSet<usize> = memberships.into_values().collect();
        assert_eq!(counts, (1..=5).collect());
        assert_eq!(groups.all.iter().map(|group| &group.name).collect::<BTreeSet<_>>().len(), 200);
        let named = |name: &str| groups.all.iter().find(|group| group.name == name).unwrap();
        assert!(named(EVERYONE).groups.contains(&named("Region EMEA").id));
        assert!(named("Region EMEA").groups.contains(&named("Site Paris").id));
        assert!(!named("Site Paris").users.is_empty());
    }
}
