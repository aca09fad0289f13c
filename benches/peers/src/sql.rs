//! The queries as SQL, written by hand for each: several forms of most, of which a store gets the one that is fastest
//! on it. What a form answers is the total and the ids of a page.

/// How the total and the page of a query are had.
pub enum Form {
    /// The total by one statement, the page by another.
    Two(String, String),
    /// Both by one: id and total in each row.
    One(String),
    /// One row by a value.
    Value(String, Value),
}

/// Which value a statement takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value {
    UserName,
    ExternalId,
    Id,
}

/// What two stores write differently.
pub struct Dialect {
    /// A substring of three characters or more of a column, by the index of trigrams: the ids of rows.
    pub by_trigrams: fn(column: &str, texts: &[&str]) -> String,
    /// A substring of a column, by looking at each.
    pub by_scan: fn(column: &str, text: &str) -> String,
    /// The parameter.
    pub parameter: &'static str,
}

/// Every query, with its forms.
pub fn queries(dialect: &Dialect, users: usize) -> Vec<(&'static str, Vec<Form>)> {
    let middle = 500_000.min(users / 2);
    let two = |condition: &str, order: &str| {
        Form::Two(
            format!("SELECT count(*) FROM users u {condition}"),
            format!("SELECT u.id FROM users u {condition} ORDER BY {order} LIMIT 100"),
        )
    };
    let one = |condition: &str, order: &str| {
        Form::One(format!("SELECT u.id, count(*) OVER () FROM users u {condition} ORDER BY {order} LIMIT 100"))
    };
    let both = |condition: &str| vec![two(condition, "u.number"), one(condition, "u.number")];
    let value = |column: &str, select: &str, value| {
        vec![Form::Value(format!("SELECT {select} WHERE u.{column} = {}", dialect.parameter), value)]
    };
    let (trigrams, scan) = (dialect.by_trigrams, dialect.by_scan);
    let by_trigrams = |column: &str, texts: &[&str]| format!("WHERE {}", trigrams(column, texts));
    let by_scan = |column: &str, text: &str| format!("WHERE {}", scan(column, text));
    // `[`, `p` and so on: the character behind the last of a prefix.
    let ends = "u.user_name_reversed >= 'moc.elpmaxe@7' AND u.user_name_reversed < 'moc.elpmaxe@8'";
    let email_ends = "e.value_reversed >= 'gro.elpmaxe.emoh@' AND e.value_reversed < 'gro.elpmaxe.emohA'";
    let home = "FROM emails e WHERE e.value_reversed >= 'gro.elpmaxe.emoh@' AND e.value_reversed < 'gro.elpmaxe.emohA'";
    let smith_home = format!("e.type = 'home' AND {}", trigrams("e.value", &["smith"]));
    let sorted = "SELECT u.id FROM users u ORDER BY u.user_name, u.number LIMIT 100";
    let all = "SELECT count(*) FROM users";
    vec![
        ("Q1", value("user_name", "u.id FROM users u", Value::UserName)),
        ("Q2", both("WHERE u.user_name >= 'mary.sm' AND u.user_name < 'mary.sn'")),
        ("Q3", both(&by_trigrams("u.user_name", &["smith"]))),
        ("Q4a", both(&by_scan("u.display_name", "zq"))),
        ("Q4b", both(&by_trigrams("u.display_name", &["amezq"]))),
        (
            "Q5",
            vec![
                two(&format!("WHERE {ends}"), "u.number"),
                one(&format!("WHERE {ends}"), "u.number"),
                Form::Two(
                    format!("SELECT count(*) FROM users u WHERE {ends}"),
                    "SELECT u.id FROM users u WHERE u.user_name LIKE '%7@example.com' ORDER BY u.number LIMIT 100"
                        .into(),
                ),
            ],
        ),
        (
            "Q6",
            vec![
                Form::Two(
                    format!("SELECT count(DISTINCT e.user_number) {home}"),
                    format!(
                        "SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM emails e WHERE e.user_number = u.number AND \
                         e.value LIKE '%@home.example.org') ORDER BY u.number LIMIT 100"
                    ),
                ),
                Form::Two(
                    format!("SELECT count(*) FROM (SELECT DISTINCT e.user_number {home}) AS found"),
                    format!(
                        "SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM emails e WHERE e.user_number = u.number AND \
                         {email_ends}) ORDER BY u.number LIMIT 100"
                    ),
                ),
            ],
        ),
        ("Q7", value("external_id", "u.id FROM users u", Value::ExternalId)),
        ("Q8", both("WHERE u.title IS NOT NULL")),
        ("Q9", both("WHERE NOT u.active AND u.department = 'sales'")),
        (
            "Q10",
            vec![
                two("WHERE u.display_name >= 'jo' AND u.display_name < 'jp'", "u.display_name, u.number"),
                one("WHERE u.display_name >= 'jo' AND u.display_name < 'jp'", "u.display_name, u.number"),
            ],
        ),
        ("Q11", vec![Form::Two(all.into(), sorted.into())]),
        ("Q12", vec![Form::Two(all.into(), format!("{sorted} OFFSET {middle}"))]),
        (
            "Q13",
            vec![
                two("WHERE u.family_name = 'smith' AND u.user_type <> 'contractor'", "u.created DESC, u.number"),
                one("WHERE u.family_name = 'smith' AND u.user_type <> 'contractor'", "u.created DESC, u.number"),
            ],
        ),
        ("Q14", {
            let late = "WHERE u.last_modified > '2025-06-01T00:00:00Z'";
            vec![two(late, "u.last_modified DESC, u.number"), one(late, "u.last_modified DESC, u.number")]
        }),
        (
            "Q15",
            vec![
                Form::Two(
                    format!("SELECT count(DISTINCT e.user_number) FROM emails e WHERE {smith_home}"),
                    format!(
                        "SELECT u.id FROM users u WHERE u.number IN (SELECT e.user_number FROM emails e WHERE {smith_home}) \
                         ORDER BY u.number LIMIT 100"
                    ),
                ),
                one(&format!("WHERE u.number IN (SELECT e.user_number FROM emails e WHERE {smith_home})"), "u.number"),
            ],
        ),
        ("Q16", both(&format!("WHERE {} AND u.title = 'manager'", trigrams("u.display_name", &["ann", "lee"])))),
        ("Q17", both(&by_scan("u.display_name", "ab"))),
        ("Q18", value("id", "d.document FROM users u JOIN documents d ON d.number = u.number", Value::Id)),
    ]
}
