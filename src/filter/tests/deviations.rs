//! Filters of the dialects: what each deviation means, and that nobody else tolerates it.

use super::fixture::{BARBARA, registry, resource};
use crate::ErrorKind;
use crate::filter::{bind, bind_any, bind_element, eval, parse, parse_path, parse_path_with, parse_with};
use crate::model::{BindOptions, Operators, PathTarget, Registry, Resource};

const UNQUOTED: BindOptions = BindOptions { unquoted_literals: true, ..STRICT };
const WILD: BindOptions = BindOptions { wildcards: true, unquoted_literals: true, ..STRICT };
const STRICT: BindOptions = BindOptions {
    coerce_scalars: false,
    bare_values: false,
    ignore_unknown: false,
    lenient_schemas: false,
    bare_extension_names: false,
    dotted_extension_keys: false,
    unquoted_literals: false,
    wildcards: false,
    boxed_values: false,
    trusted: false,
};

fn holds(registry: &Registry, resource: &Resource, filter: &str, options: BindOptions) -> bool {
    let model = &registry.types()[0];
    let parsed = parse_with(filter, options).unwrap_or_else(|error| panic!("{filter}: {error:?}"));
    // What is printed means the same to everybody.
    assert_eq!(parse_with(&parsed.to_string(), options).unwrap().to_string(), parsed.to_string());
    let bound = bind(&parsed, model, options).unwrap_or_else(|error| panic!("{filter}: {error:?}"));
    eval(&bound, &resource.view(model))
}

#[test]
fn text_may_stand_without_quotes() {
    for (text, printed) in [
        ("displayName sw smith", r#"displayName sw "smith""#),
        ("username eq f* and externalid sw 1*", r#"username eq "f*" and externalid sw "1*""#),
        ("(username eq f* and (externalid sw 1*))", r#"username eq "f*" and externalid sw "1*""#),
        ("groups.value eq USG_FTEMP", r#"groups.value eq "USG_FTEMP""#),
        ("a eq smith(jr) or b pr", r#"a eq "smith(jr)" or b pr"#),
        ("e[type eq work and value co @x].value ew .org", r#"e[type eq "work" and value co "@x" and value ew ".org"]"#),
        (r#"a eq "quoted text" and b eq O'Neill"#, r#"a eq "quoted text" and b eq "O'Neill""#),
        ("a eq true and b eq false and c ne null", "a eq true and b eq false and c ne null"),
        ("a eq 1000 and b gt -1.5", "a eq 1000 and b gt -1.5"),
        // No number is written so: it is text, which an attribute of numbers reads as one.
        ("a eq 007 and b eq 1.50 and c eq 1e400", r#"a eq "007" and b eq "1.50" and c eq "1e400""#),
        ("a eq True and b eq é", r#"a eq "True" and b eq "é""#),
        ("a eq and and b pr", r#"a eq "and" and b pr"#),
        (r"a eq DOMAIN\jdoe", r#"a eq "DOMAIN\\jdoe""#),
    ] {
        assert_eq!(parse_with(text, UNQUOTED).unwrap().to_string(), printed);
    }
    for (text, offset, part) in [
        ("a eq", 4, "expected a value"),
        ("a eq )", 5, "expected a value"),
        ("(a eq x", 7, "closes the ( at 0"),
        ("a eq x)", 6, "no ( before it"),
        ("a eq x]", 6, "no [ before it"),
        ("a eq 'x'", 5, "straight double quotes"),
        ("a eq x\"y", 5, "double quotes"),
        ("a eq x(y", 5, "double quotes"),
        ("a eq John Smith", 10, "text with a space in it stands in double quotes"),
        ("a eq John Smith", 10, "expected and, or"),
    ] {
        let error = parse_with(text, UNQUOTED).expect_err(text);
        assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidFilter, Some(offset)), "{text}: {error}");
        assert!(error.detail().contains(part), "{text}: {error}");
    }
    for text in ["displayName sw smith", "a eq 007", "a eq 1*"] {
        assert_eq!(parse(text).unwrap_err().kind(), ErrorKind::InvalidFilter, "{text}");
    }
    let path = parse_path_with("emails[type eq work].value", UNQUOTED).unwrap();
    assert_eq!(path.to_string(), r#"emails[type eq "work"].value"#);
    parse_path("emails[type eq work].value").unwrap_err();
}

#[test]
fn the_attribute_tells_what_a_word_without_quotes_is() {
    let registry = registry();
    let user = resource(
        &registry.types()[0],
        r#"{"userName": "1000", "title": "true", "age": 7, "weight": 1.5, "active": true, "key": "1234"}"#,
    );
    for filter in [
        "userName eq 1000",
        "userName sw 10 and userName gt 0",
        "title eq true",
        "age eq 007 and weight eq 1.50 and age lt 8",
        "active eq true",
        "key eq 1234",
        "meta.created gt 2025-01-01T00:00:00Z",
    ] {
        assert!(holds(&registry, &user, filter, UNQUOTED), "{filter}");
    }
    for filter in ["userName eq 1000", "title eq true"] {
        let error = bind(&parse(filter).unwrap(), &registry.types()[0], STRICT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidFilter, "{filter}");
    }
    for filter in ["age eq many", "active eq 1", "age eq true", "born gt 2020"] {
        let parsed = parse_with(filter, UNQUOTED).unwrap();
        assert_eq!(bind(&parsed, &registry.types()[0], UNQUOTED).unwrap_err().kind(), ErrorKind::InvalidFilter);
    }
}

#[test]
fn a_star_stands_for_any_text() {
    let registry = registry();
    let user = resource(&registry.types()[0], BARBARA);
    for (filter, expected) in [
        ("username eq b*", true),
        ("username eq *example.com", true),
        ("username eq *jensen@*", true),
        ("username eq bj*COM", true),
        ("username eq *", true),
        ("username eq c*", false),
        ("username eq *x*", true),
        ("username eq bjensen*jensen@example.com", false),
        ("code eq A*C", true),
        ("code eq a*", false),
        ("name.familyName eq *", false),
        ("name.familyName sw *", true),
        ("externalid sw E* and externalid ew *1 and externalid co *t-*", true),
        ("username ne c*", true),
        ("username ne b*", false),
        (r#"username eq "b*""#, true),
        // Of several values, one must meet it whole.
        ("emails eq b*com", true),
        ("emails.value eq bj*org", false),
        ("emails.value eq babs*org", true),
        ("emails[type eq home and value eq b*com]", false),
        ("emails[type eq home and value eq b*org]", true),
        ("tags eq r*e", false),
        ("tags eq b*e", true),
        ("tags[value eq r*d]", true),
        ("tags ne r*", false),
        // Other attributes have no stars.
        ("age eq 42 and active eq true", true),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq 26*15", true),
    ] {
        assert_eq!(holds(&registry, &user, filter, WILD), expected, "{filter}");
    }
    let odd = resource(&registry.types()[0], r#"{"userName": "a*b", "title": "aba", "code": "*"}"#);
    for (filter, expected) in [
        (r"userName eq a\*b", true),
        (r#"userName eq "a\\*b""#, true),
        (r"userName eq a\\*b", false),
        (r"userName sw a\*", true),
        (r"title eq a\*a", false),
        ("title eq ab*ba", false),
        ("title eq a*ba", true),
        ("title eq ab*a", true),
        (r"code eq \*", true),
        ("code gt *", false),
        ("code ge *", true),
    ] {
        assert_eq!(holds(&registry, &odd, filter, WILD), expected, "{filter}");
    }
    let many = format!("userName eq {0}*{0}", "a".repeat(70));
    for filter in
        ["userName eq a*b*c", "userName eq *a*b", "userName sw a*b", "userName ew b*", "userName co a*b", &many]
    {
        let parsed = parse_with(filter, WILD).unwrap();
        let error = bind(&parsed, &registry.types()[0], WILD).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidFilter, Some(12)), "{filter}: {error}");
    }
    // Without the flag a star is a star, and in the path of a PATCH it always is.
    for (filter, expected) in [(r#"userName eq "a*""#, false), (r#"userName eq "a*b""#, true), (r#"code eq "*""#, true)]
    {
        assert_eq!(holds(&registry, &odd, filter, STRICT), expected, "{filter}");
    }
    let model = &registry.types()[0];
    let Ok(PathTarget::Attribute(tags)) = model.resolve("tags") else { panic!() };
    let value = parse(r#"value eq "r*""#).unwrap();
    assert_eq!(
        bind_element(&value, model, tags.attribute, WILD).unwrap(),
        bind_element(&value, model, tags.attribute, STRICT).unwrap()
    );
}

#[test]
fn conditions_on_one_value_may_come_without_brackets() {
    let plain = registry();
    let Ok(PathTarget::Attribute(emails)) = plain.types()[0].resolve("emails") else { panic!() };
    let registry = registry().with_definitions(|definitions| definitions.set_one_element(emails.attribute));
    let bound = |registry: &Registry, filter: &str| {
        let models = [&*registry.types()[0], &*registry.types()[1]];
        bind_any(&parse(filter).unwrap(), &models, STRICT).unwrap()
    };
    for (written, meant) in [
        (r#"emails.type eq "work" and emails.value co "@x""#, r#"emails[type eq "work" and value co "@x"]"#),
        (
            r#"title pr and emails.type eq "work" and (active eq true) and emails.value eq "a" and emails.primary eq true"#,
            r#"title pr and emails[type eq "work" and value eq "a" and primary eq true] and active eq true"#,
        ),
        (
            r#"(emails.type eq "a" and emails.value eq "b") and (emails.type eq "c" and emails.value eq "d")"#,
            r#"emails[type eq "a" and value eq "b"] and emails[type eq "c" and value eq "d"]"#,
        ),
        (
            r#"emails.type eq "a" and emails.value sw "b" and emails.value ew "c""#,
            r#"emails[type eq "a" and value sw "b" and value ew "c"]"#,
        ),
        (r#"not (emails.type eq "a" and emails.value pr)"#, r#"not (emails[type eq "a" and value pr])"#),
        // Alone, or at another and, or of another attribute: as ever.
        (r#"emails.type eq "a" and title pr"#, r#"emails.type eq "a" and title pr"#),
        (r#"emails.type eq "a" or emails.value pr"#, r#"emails.type eq "a" or emails.value pr"#),
        (r#"emails.value eq "a" and emails.value eq "b""#, r#"emails.value eq "a" and emails.value eq "b""#),
    ] {
        assert_eq!(bound(&registry, written), bound(&plain, meant), "{written}");
    }
    let written = r#"emails.type eq "work" and emails.value ew ".org""#;
    let user = resource(&plain.types()[0], BARBARA);
    assert!(holds(&plain, &user, written, STRICT) && !holds(&registry, &user, written, STRICT));
}

#[test]
fn a_search_may_be_held_to_some_operators() {
    let plain = registry();
    let id = |path: &str| match plain.types()[0].resolve(path) {
        Ok(PathTarget::Attribute(target)) => target.leaf(),
        _ => panic!("{path}"),
    };
    let like = Operators::EQ | Operators::CO | Operators::EW | Operators::SW | Operators::PR;
    let registry = registry().with_definitions(|definitions| {
        definitions.set_operators(id("title"), like);
        definitions.set_operators(id("code"), Operators::EQ);
        definitions.set_operators(id("emails"), Operators::EQ | Operators::PR);
        definitions.set_operators(id("emails.type"), Operators::NE);
    });
    let bound = |filter: &str| bind(&parse_with(filter, WILD).unwrap(), &registry.types()[0], WILD);
    for filter in [
        "title sw a and title pr and title eq *a* and title eq a*b",
        "code eq a and not (code eq null)",
        "emails eq a and emails pr and emails[value eq b] and emails.type ne c",
        "userName gt a",
    ] {
        bound(filter).unwrap();
    }
    for (filter, path, detail) in [
        ("title gt a", "title", "title can be compared with eq, co, sw, ew and pr only"),
        ("title ne null", "title", "title can be compared with eq, co, sw, ew and pr only"),
        ("code pr", "code", "code can be compared with eq only"),
        // A star is not a way around.
        (
            "code eq a*",
            "code",
            "code can be compared with eq only; a * makes it sw, ew, co or pr, \\* is a star itself",
        ),
        ("code eq *", "code", "code can be compared with eq only; a * makes it sw, ew, co or pr, \\* is a star itself"),
        ("emails sw a", "emails", "emails.value can be compared with eq and pr only"),
        ("emails[value sw a]", "value", "emails.value can be compared with eq and pr only"),
        ("emails.type eq a", "emails.type", "emails.type can be compared with ne only"),
    ] {
        let error = bound(filter).expect_err(filter);
        assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidFilter, Some(path)), "{filter}");
        assert_eq!(error.detail(), detail);
    }
    // It is a matter of searches: a PATCH selects by what it likes.
    bind_element(&parse(r#"type eq "work""#).unwrap(), &registry.types()[0], id("emails"), STRICT).unwrap();
}

#[test]
fn a_dot_may_stand_behind_a_urn_and_aliases_stand_for_paths() {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let aliases = [("urn:old:User", ENTERPRISE), ("mail", "emails"), ("emails.kind", "emails.type")];
    let aliases = aliases.map(|(alias, real)| (alias.to_owned(), real.to_owned())).to_vec();
    let registry = registry().with_aliases("User", aliases).unwrap();
    let dotted = BindOptions { dotted_extension_keys: true, ..STRICT };
    let bound = |filter: &str, options| bind(&parse(filter).unwrap(), &registry.types()[0], options);
    for (written, meant) in [
        (format!("{ENTERPRISE}.department pr"), "department"),
        (format!("{ENTERPRISE}.manager.value pr"), "manager.value"),
        ("URN:old:user.department pr".to_owned(), "department"),
    ] {
        let meant = bound(&format!("{ENTERPRISE}:{meant} pr"), STRICT).unwrap();
        assert_eq!(bound(&written, dotted).unwrap(), meant, "{written}");
        assert_eq!(bound(&written, STRICT).unwrap_err().kind(), ErrorKind::InvalidFilter, "{written}");
    }
    for (written, meant) in [
        ("urn:old:User:department pr".to_owned(), format!("{ENTERPRISE}:department pr")),
        ("urn:old:User pr".to_owned(), format!("{ENTERPRISE} pr")),
        ("MAIL.value pr".to_owned(), "emails.value pr".to_owned()),
        ("mail[kind pr]".to_owned(), "emails[type pr]".to_owned()),
        ("emails.kind pr".to_owned(), "emails.type pr".to_owned()),
    ] {
        assert_eq!(bound(&written, STRICT).unwrap(), bound(&meant, STRICT).unwrap(), "{written}");
    }
    assert!(bound("mailbox pr", STRICT).is_err() && bound("urn:old:Users:department pr", STRICT).is_err());
    for (alias, real) in [("title", "emails"), ("mail", "nosuch")] {
        let aliases = vec![(alias.to_owned(), real.to_owned())];
        let error = super::fixture::registry().with_aliases("User", aliases).unwrap_err();
        assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some(alias)));
    }
}
