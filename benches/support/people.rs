//! Users as a directory has them: names as often as people bear them, ids in no order, about 900 bytes of JSON. The
//! same seed makes the same users.

/// The demo's table of names by frequency.
const NAMES: &str = include_str!("../../src/bin/scimdb/demo/names.txt");

const DEPARTMENTS: &[&str] = &["Engineering", "Sales", "Marketing", "Finance", "Legal", "Operations", "Support", "IT"];
const TITLES: &[&str] = &["Engineer", "Manager", "Director", "Analyst", "Consultant", "Specialist", "Vice President"];
const DOMAINS: &[&str] = &["example.com", "corp.example.com", "eu.example.com", "apac.example.com"];
const CITIES: &[(&str, &str)] = &[("Paris", "FR"), ("Berlin", "DE"), ("Austin", "US"), ("Osaka", "JP"), ("Pune", "IN")];

/// Numbers that look like chance: splitmix64.
#[derive(Clone, Copy)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number from 0 up to, but not including, `end`.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        from.get(self.below(from.len())).unwrap_or_else(|| unreachable!("the index is below the length"))
    }
}

/// A user.
pub struct Person {
    pub id: String,
    pub user_name: String,
    pub json: Vec<u8>,
}

/// Makes users.
pub struct People {
    seed: u64,
    last: Names,
    first: [Names; 2],
}

/// Names, with how many people bear each or one before it.
struct Names(Vec<(&'static str, usize)>);

impl Names {
    fn of(heading: &str) -> Self {
        let lines = NAMES.lines().skip_while(|line| line.trim_matches(['[', ']']) != heading);
        let mut sum = 0;
        let entries = lines.skip(1).take_while(|line| !line.starts_with('['));
        let entries = entries.filter_map(|line| line.split_once(' ')).map(|(name, count)| {
            sum += count.parse::<usize>().unwrap_or(0);
            (name, sum)
        });
        Names(entries.collect())
    }

    fn pick(&self, dice: &mut Dice) -> &'static str {
        let drawn = dice.below(self.0.last().map_or(0, |(_, sum)| *sum));
        self.0.get(self.0.partition_point(|(_, sum)| *sum <= drawn)).map_or("", |(name, _)| *name)
    }
}

impl People {
    pub fn new(seed: u64) -> Self {
        People { seed, last: Names::of("last"), first: [Names::of("male"), Names::of("female")] }
    }

    /// The user of a number.
    pub fn person(&self, number: usize) -> Person {
        let mut dice = Dice::new(self.seed ^ (number as u64).wrapping_mul(0xd134_2543_de82_ef95));
        let dice = &mut dice;
        let given = dice.pick(&self.first).pick(dice);
        let family = self.last.pick(dice);
        let (low_given, low_family) = (given.to_lowercase(), family.to_lowercase());
        let user_name = format!("{low_given}.{low_family}{number}@{}", dice.pick(DOMAINS));
        let (high, low) = (dice.next(), dice.next());
        let id = format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high & 0xffff,
            high >> 16 & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        );
        let home = match dice.below(10) {
            0..3 => format!(r#",{{"value":"{low_family}{number}@home.example.org","type":"home"}}"#),
            _ => String::new(),
        };
        let (title, department) = (dice.pick(TITLES), dice.pick(DEPARTMENTS));
        let (city, country) = dice.pick(CITIES);
        let (phone, post, cost) = (dice.below(10_000_000), dice.below(100_000), dice.below(400));
        let active = dice.below(100) < 93;
        let created = format!("20{}-0{}-1{}T0{}:30:00Z", 15 + dice.below(10), 1 + dice.below(9), dice.below(10), 7);
        let json = format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"id":"{id}","externalId":"e{external:09}","userName":"{user_name}","name":{{"givenName":"{given}","familyName":"{family}","formatted":"{given} {family}"}},"displayName":"{given} {family}","title":"{title}","userType":"Employee","preferredLanguage":"en-US","active":{active},"emails":[{{"value":"{user_name}","type":"work","primary":true}}{home}],"phoneNumbers":[{{"value":"+1-555-{phone:07}","type":"work"}}],"addresses":[{{"type":"work","locality":"{city}","country":"{country}","postalCode":"{post:05}"}}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"employeeNumber":"{number:07}","department":"{department}","costCenter":"CC{cost:03}"}},"meta":{{"resourceType":"User","created":"{created}","lastModified":"{created}"}}}}"#,
            external = number as u64 * 7_919 % 1_000_000_007,
        );
        Person { id, user_name, json: json.into_bytes() }
    }
}
