//! Users as a directory has them: names as often as people bear them, ids in no order, about 900 bytes of JSON. The
//! same seed makes the same users.

/// The demo's table of names by frequency.
const NAMES: &str = include_str!("../../src/bin/scimdb/demo/names.txt");

/// How many of 100,000 people have a last name at all in the census' full list of 88,799; the table has the most
/// frequent of them, and `rare` makes up names for the rest.
const LISTED: usize = 90_483;

const DEPARTMENTS: &[&str] = &[
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
/// Each with how many of a hundred users have it, or one before it.
const DOMAINS: &[(&str, usize)] = &[
    ("example.com", 60),
    ("corp.example.com", 75),
    ("eu.example.com", 87),
    ("apac.example.com", 95),
    ("contractors.example.net", 100),
];
const KINDS: &[(&str, usize)] = &[("Employee", 80), ("Contractor", 95), ("Intern", 100)];
const CITIES: &[&str] =
    &["Paris", "Berlin", "London", "Toronto", "Austin", "Osaka", "Sydney", "Lagos", "Lima", "Pune", "Oslo", "Cairo"];
const COUNTRIES: &[&str] = &["FR", "DE", "GB", "CA", "US", "JP"];
const LANGUAGES: &[&str] = &["en-US", "fr-FR", "de-DE", "ja-JP"];

/// What rare names begin, go on and end with.
const STARTS: &[&str] = &[
    "Al", "Ar", "Bal", "Bar", "Bel", "Ber", "Bran", "Bur", "Cal", "Car", "Chan", "Cor", "Cran", "Dal", "Del", "Dor",
    "Dun", "Ed", "Fal", "Far", "Fen", "Gar", "Gil", "Glen", "Gor", "Had", "Han", "Har", "Hol", "Hul", "Kel", "Kil",
    "Lan", "Lin", "Lor", "Mal", "Mer", "Mil", "Mor", "Nor", "Oak", "Pal", "Pen", "Quin", "Ran", "Ros", "Sal", "Shel",
    "Stan", "Tal", "Tor", "Van", "Wal", "Wen", "Win", "Yar", "Zim",
];
const MIDDLES: &[&str] = &[
    "", "a", "e", "i", "o", "er", "en", "in", "ing", "le", "li", "ma", "ne", "ri", "ro", "sha", "to", "u", "wi", "zo",
];
const ENDS: &[&str] = &[
    "bach", "bell", "berg", "bury", "by", "dale", "den", "don", "dorf", "ell", "er", "erson", "field", "ford", "gan",
    "ham", "hart", "ini", "inski", "ke", "kins", "land", "ler", "ley", "low", "man", "mer", "moto", "ner", "ney",
    "off", "quist", "rell", "rick", "row", "son", "stead", "ster", "stone", "ton", "ville", "ward", "well", "wood",
    "worth",
];

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

/// One of these, as often as its number says.
fn weighed(from: &'static [(&'static str, usize)], dice: &mut Dice) -> &'static str {
    let drawn = dice.below(100);
    from.iter().find(|(_, below)| drawn < *below).map_or("", |(value, _)| value)
}

/// A last name that few people bear: some of them are many times as frequent as others.
fn rare(dice: &mut Dice) -> String {
    if dice.below(40_000) == 0 {
        return "Amezquita".to_owned();
    }
    let skewed = |from: &[&'static str], dice: &mut Dice| -> &'static str {
        let place = dice.below(from.len()).min(dice.below(from.len()));
        from.get(place).copied().unwrap_or_default()
    };
    let (start, end) = (dice.pick(STARTS), dice.pick(ENDS));
    format!("{start}{}{end}", skewed(MIDDLES, dice))
}

/// A user.
#[allow(dead_code)] // Not every bench needs all of it.
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

    fn bearers(&self) -> usize {
        self.0.last().map_or(0, |(_, sum)| *sum)
    }

    fn of_bearer(&self, number: usize) -> &'static str {
        self.0.get(self.0.partition_point(|(_, sum)| *sum <= number)).map_or("", |(name, _)| *name)
    }

    fn pick(&self, dice: &mut Dice) -> &'static str {
        self.of_bearer(dice.below(self.bearers()))
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
        let family = match dice.below(LISTED) {
            drawn if drawn < self.last.bearers() => self.last.of_bearer(drawn).to_owned(),
            _ => rare(dice),
        };
        let (low_given, low_family) = (given.to_lowercase(), family.to_lowercase());
        let user_name = format!("{low_given}.{low_family}{number}@{}", weighed(DOMAINS, dice));
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
        let (title, department, kind) = (dice.pick(TITLES), dice.pick(DEPARTMENTS), weighed(KINDS, dice));
        let (city, country, language) = (dice.pick(CITIES), dice.pick(COUNTRIES), dice.pick(LANGUAGES));
        let (area, phone, post, cost) =
            (200 + dice.below(799), dice.below(10_000_000), dice.below(100_000), dice.below(400));
        let active = dice.below(100) < 93;
        let (year, month, day) = (2015 + dice.below(11), 1 + dice.below(12), 1 + dice.below(28));
        let (hour, minute, second) = (dice.below(24), dice.below(60), dice.below(60));
        let created = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        let json = format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"id":"{id}","externalId":"e{external:09}","userName":"{user_name}","name":{{"givenName":"{given}","familyName":"{family}","formatted":"{given} {family}"}},"displayName":"{given} {family}","title":"{title}","userType":"{kind}","preferredLanguage":"{language}","active":{active},"emails":[{{"value":"{user_name}","type":"work","primary":true}}{home}],"phoneNumbers":[{{"value":"+1-{area}-{phone:07}","type":"work"}}],"addresses":[{{"type":"work","locality":"{city}","country":"{country}","postalCode":"{post:05}"}}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"employeeNumber":"{number:07}","department":"{department}","costCenter":"CC{cost:03}"}},"meta":{{"resourceType":"User","created":"{created}","lastModified":"{created}"}}}}"#,
            external = number as u64 * 7_919 % 1_000_000_007,
        );
        Person { id, user_name, json: json.into_bytes() }
    }
}
