//! Filters end to end on a small directory of its own: parse, print, bind, evaluate, and where mistakes are.

#[cfg(test)]
mod deviations;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod properties;

use fixture::{BARBARA, holds, registry, resource};

use super::*;
use crate::ErrorKind;
use crate::model::{BindOptions, TypeModel};

#[test]
fn prints_canonically() {
    let table = [
        (r#"userName Eq "john""#, r#"userName eq "john""#),
        ("title PR", "title pr"),
        (r#"a pr OR b pr AND c pr"#, "a pr or b pr and c pr"),
        (r#"(a pr or b pr) and c pr"#, "(a pr or b pr) and c pr"),
        (r#"((a pr)) and ((b pr and (c pr)))"#, "a pr and b pr and c pr"),
        (r#"not(a pr)and b eq null"#, ""),
        (r#"NOT ( a pr ) and not (not (b pr or c pr))"#, "not (a pr) and not (not (b pr or c pr))"),
        (r#"emails[ type eq "work"  and not (value co "@x") ]"#, r#"emails[type eq "work" and not (value co "@x")]"#),
        (
            r#"emails[type eq "a" or primary eq true].value sw "x""#,
            r#"emails[(type eq "a" or primary eq true) and value sw "x"]"#,
        ),
        (r#"emails[type eq "a"].value pr and b pr"#, r#"emails[type eq "a" and value pr] and b pr"#),
        (r#"a eq "\u00e9\/\"\\\ud83d\ude00\n""#, r#"a eq "é/\"\\😀\n""#),
        (
            "a gt -12 and b le 1.50 and c eq 9223372036854775808 and d ne 1E2",
            "a gt -12 and b le 1.5 and c eq 9.223372036854776e+18 and d ne 100.0",
        ),
        ("urn:x:2.0:User:name.givenName pr", "urn:x:2.0:User:name.givenName pr"),
        (r#"members.$ref ew "/7""#, r#"members.$ref ew "/7""#),
        ("not pr and and eq false or or ne true", "not pr and and eq false or or ne true"),
        ("not[not pr] and not (not (or[and pr]))", "not[not pr] and not (not (or[and pr]))"),
        (r#"value eq"2819c223""#, r#"value eq "2819c223""#),
        ("userType eq \"E\" and\n\t(a pr)", r#"userType eq "E" and a pr"#),
    ];
    for (text, printed) in table {
        match parse(text) {
            Ok(filter) => assert_eq!(filter.to_string(), printed, "{text}"),
            Err(error) => assert_eq!("", printed, "{text}: {error:?}"),
        }
    }
}

#[test]
fn tells_where_a_filter_is_wrong() {
    let table = [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("userName", 8, "expected an operator"),
        ("userName eqq \"x\"", 9, "did you mean eq?"),
        ("userName = \"x\"", 9, "did you mean eq?"),
        ("userName startsWith \"x\"", 9, "did you mean sw?"),
        ("userName regex \"x\"", 9, "'regex' is not supported"),
        ("userName eq", 11, "expected a value"),
        ("userName eq bjensen", 12, "double quotes"),
        ("userName eq 'bjensen'", 12, "straight double quotes"),
        ("active eq True", 10, "write true"),
        ("age gt 007", 7, "JSON number"),
        ("age gt 1e400", 7, "JSON number"),
        ("userName eq \"abc", 12, "closing quote"),
        ("userName eq \"a\\x\"", 15, "not JSON"),
        ("userName eq \"\\ud800\"", 19, "not JSON"),
        ("(a pr)and b pr", 6, "space is missing"),
        ("a pr and(b pr)", 8, "space is missing"),
        ("a pr an b pr", 5, "did you mean and?"),
        ("a pr && b pr", 5, "did you mean and?"),
        ("a pr b pr", 5, "expected and, or, or the end"),
        ("a pr and", 8, "attribute path"),
        ("a pr and or b pr", 9, "attribute path"),
        ("(a pr", 5, "closes the ( at 0"),
        ("a pr)", 4, "no ( before it"),
        ("emails[type eq \"w\"", 18, "closes the [ at 6"),
        ("emails[a[b pr]]", 8, "do not nest"),
        ("emails[a pr]. pr", 13, "sub-attribute"),
        ("not userName eq \"x\"", 4, "parentheses"),
        ("\"x\" eq userName", 0, "right of an operator"),
        ("1a pr", 0, "attribute path"),
        ("a.b..c pr", 0, "attribute path"),
        ("näme pr", 1, "ASCII"),
    ];
    for (text, offset, part) in table {
        let error = parse(text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::InvalidFilter, "{text}");
        assert_eq!(error.offset(), Some(offset), "{text}: {error}");
        assert!(error.detail().contains(part), "{text}: {error}");
    }
}

#[test]
fn limits_hold_and_name_themselves() {
    let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(parse(&nested(MAX_FILTER_DEPTH)).unwrap().to_string(), "a pr");
    assert_eq!(parse(&nested(MAX_FILTER_DEPTH + 1)).unwrap_err().offset(), Some(MAX_FILTER_DEPTH));
    parse(&nested(MAX_FILTER_BYTES / 2 - 2)).unwrap_err();
    let nots = format!("{}a pr{}", "not (".repeat(MAX_FILTER_DEPTH - 1), ")".repeat(MAX_FILTER_DEPTH - 1));
    assert_eq!(parse(&nots).unwrap().to_string(), nots);
    let deep = format!("e[{} or b pr].c pr", nots);
    assert!(parse(&deep).unwrap_err().detail().contains("64"), "the canonical form would nest deeper");

    let many = |count: usize| vec!["a pr"; count].join(" or ");
    parse(&many(MAX_FILTER_CLAUSES)).unwrap();
    assert!(parse(&many(MAX_FILTER_CLAUSES + 1)).unwrap_err().detail().contains("512"));
    let long = format!("a eq \"{}\"", "x".repeat(MAX_FILTER_BYTES));
    assert!(parse(&long).unwrap_err().detail().contains("16384"));
    assert_eq!(parse_path(&long).unwrap_err().kind(), ErrorKind::InvalidPath);
}

#[test]
fn paths_of_patch_operations() {
    for (text, printed) in [
        ("members", "members"),
        ("name.familyName", "name.familyName"),
        (r#"addresses[type EQ "work"]"#, r#"addresses[type eq "work"]"#),
        (r#"members[value eq "1"].displayName"#, r#"members[value eq "1"].displayName"#),
        (r#"urn:x:2.0:User:emails[not (a pr)].$ref"#, "urn:x:2.0:User:emails[not (a pr)].$ref"),
    ] {
        assert_eq!(parse_path(text).unwrap().to_string(), printed);
    }
    // RFC 7644 table 9: a mistake in the filter of a path is invalidFilter.
    for (text, kind, offset) in [
        ("", ErrorKind::InvalidPath, 0),
        ("emails value", ErrorKind::InvalidPath, 7),
        ("emails[type eq \"x\"] .value", ErrorKind::InvalidPath, 20),
        ("emails[type eq \"x\"].", ErrorKind::InvalidPath, 20),
        ("emails[type eq \"x\"].a.b", ErrorKind::InvalidPath, 20),
        ("emails..value", ErrorKind::InvalidPath, 0),
        ("emails[]", ErrorKind::InvalidFilter, 7),
        ("emails[type eq x]", ErrorKind::InvalidFilter, 15),
        ("emails[type eq \"x\"", ErrorKind::InvalidFilter, 18),
    ] {
        let error = parse_path(text).expect_err(text);
        assert_eq!((error.kind(), error.offset()), (kind, Some(offset)), "{text}: {error}");
    }
}

#[test]
fn evaluates_by_the_rfc() {
    let registry = registry();
    let barbara = resource(&registry.types()[0], BARBARA);
    let yes = [
        r#"userName eq "bjensen@example.com""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:user:USERNAME sw "BJ""#,
        r#"userName co "x" and userName ew ".COM" and userName gt "bjensen" and userName le "c""#,
        r#"title eq "VICE PRE\u0301SIDENT" and title co "É""#,
        r#"code eq "AbC" and code ne "abc" and not (code co "b" and code co "c")"#,
        r#"externalId eq "Ext-1" and id eq "2819c223" and meta.resourceType eq "User""#,
        r#"meta.created eq "2026-01-02T04:04:05+01:00" and meta.lastModified lt "2026-01-02T03:04:05.001Z""#,
        r#"schemas eq "URN:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        r#"schemas[value ew ":User"] and tags[value eq "blue"] and scores[value gt 3 and value lt 10]"#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr"#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "26118915""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User pr and meta pr and schemas pr"#,
        r#"emails co "HOME" and emails.type eq "home" and emails[type eq "home" and value co "home"]"#,
        r#"name pr and name.familyName eq "" and name.familyName co "" and not (name.familyName pr)"#,
        r#"name[givenName sw "B" and familyName ne "x"] and name ne null and nickName eq null"#,
        "active eq true and active ne false and age eq 42.0 and age lt 42.5 and weight gt 61 and weight le 61.5",
        r#"born eq "1990-05-13T04:42:34Z" and key eq "AQID" and key ne "AQIE""#,
        r#"URN:ietf:params:scim:schemas:core:2.0:User:emails[Type eq "home"].Value sw "babs""#,
        r#"emails[not (type eq "work") and (value sw "x" or value sw "b")] and not (emails[type eq "other"])"#,
        "scores eq 9 and scores ne 9 and scores gt 8 and not (scores gt 9)",
        r#"emails.primary eq false and emails[type eq "home" and primary eq false] and emails[primary ne true]"#,
        r#"emails.primary ne true and emails.primary ne false and emails[type eq "work" and primary ne false]"#,
        r#"emails.primary eq null or emails.primary pr"#,
        r#"profileUrl ne "x" and not (profileUrl eq "x") and profileUrl eq null"#,
    ];
    let no = [
        r#"emails[type eq "work" and value co "home"]"#,
        r#"emails[type eq "work"].value ew "home.org""#,
        r#"emails[primary eq false and type eq "work"] or emails[primary pr and type eq "home"]"#,
        r#"profileUrl co "" or profileUrl sw "" or profileUrl gt "" or profileUrl pr"#,
        r#"tags eq null or emails.value eq null or title gt "w""#,
        r#"code eq "abc" or code sw "ab" or tags ew "LUE " or name.familyName pr"#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Tour""#,
    ];
    for filter in yes {
        assert!(holds(&registry, &barbara, &filter.replace("nickName", "profileUrl")), "{filter}");
    }
    for filter in no {
        assert!(!holds(&registry, &barbara, filter), "{filter}");
    }

    let nobody = resource(&registry.types()[0], r#"{"userName": "n"}"#);
    for (filter, expected) in [
        ("emails.primary ne true and emails.primary ne false and emails ne \"x\"", true),
        ("emails.primary eq false", false),
        ("emails[primary eq false] or emails[not (value pr)]", false),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", false),
    ] {
        assert_eq!(holds(&registry, &nobody, filter), expected, "{filter}");
    }
}

#[test]
fn tells_why_a_filter_cannot_be_bound() {
    let registry = registry();
    let table = [
        (r#"userNam eq "x""#, 0, "did you mean userName?"),
        (r#"title pr and emails[tpye eq "x"]"#, 20, "did you mean type?"),
        (r#"password eq "x""#, 0, "never returned"),
        ("password pr", 0, "never returned"),
        ("userName eq 5", 12, "a string"),
        (r#"active eq "true""#, 10, "without quotes"),
        ("active gt true", 0, "gt does not apply"),
        (r#"key gt "AQID""#, 0, "gt does not apply"),
        (r#"key eq "%""#, 7, "base64"),
        (r#"age co "4""#, 0, "co does not apply"),
        (r#"age eq "4""#, 7, "a number"),
        (r#"born sw "1990""#, 0, "sw does not apply"),
        (r#"born gt "yesterday""#, 8, "dateTime"),
        ("title gt null", 9, "eq or ne only"),
        (r#"name eq "x""#, 0, "name.givenName"),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "x""#, 0, "manager.value"),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "x""#, 0, "only pr"),
        (r#"title[value eq "x"]"#, 0, "leave the [ ] out"),
        (r#"name.givenName[value eq "x"]"#, 0, "sub-attribute"),
        (r#"tags[type eq "x"]"#, 5, "call them value"),
        (r#"emails[emails.type eq "x"]"#, 7, "write type"),
        ("urn:nobody:User:userName pr", 0, "no schema"),
    ];
    for (text, offset, part) in table {
        let filter = parse(text).unwrap();
        let error = bind(&filter, &registry.types()[0], BindOptions::default()).expect_err(text);
        assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidFilter, Some(offset)), "{text}: {error}");
        assert!(error.detail().contains(part), "{text}: {error}");
        assert!(error.attribute().is_some());
    }
    let lenient = BindOptions { coerce_scalars: true, ..BindOptions::default() };
    let filter = parse(r#"emails[primary eq "True"] and age gt "41.5" and active ne "False""#).unwrap();
    let bound = bind(&filter, &registry.types()[0], lenient).unwrap();
    assert!(eval(&bound, &resource(&registry.types()[0], BARBARA).view(&registry.types()[0])));
}

#[test]
fn an_extension_may_go_without_its_urn_where_the_options_say_so() {
    let registry = registry();
    let types: Vec<&TypeModel> = registry.types().iter().map(|model| &**model).collect();
    let lenient = BindOptions { bare_extension_names: true, bare_values: true, ..BindOptions::default() };
    let same = |bare: &str, full: &str| {
        let bound = bind(&parse(bare).unwrap(), types[0], lenient).unwrap();
        let expected = full.replace("@", &format!("{}:", crate::model::ENTERPRISE_USER_SCHEMA));
        assert_eq!(bound, bind(&parse(&expected).unwrap(), types[0], BindOptions::default()).unwrap(), "{bare}");
        bind(&parse(bare).unwrap(), types[0], BindOptions::default()).unwrap_err();
        let all = bind_any(&parse(bare).unwrap(), &types, lenient).unwrap();
        assert_eq!(all, [bound, BoundFilter::Constant(false)]);
    };
    same(r#"department eq "x""#, r#"@department eq "x""#);
    same(r#"manager eq "x" and id eq "y""#, r#"@manager.value eq "x" and id eq "y""#);
    same(r#"manager[value eq "x"]"#, r#"@manager[value eq "x"]"#);
    // One that is complex and has no value stays what it is.
    bind(&parse(r#"name eq "x""#).unwrap(), types[0], lenient).unwrap_err();
    bind(&parse("departmen pr").unwrap(), types[0], lenient).unwrap_err();
}

#[test]
fn a_search_over_all_types_knows_what_any_of_them_has() {
    let registry = registry();
    let types: Vec<&TypeModel> = registry.types().iter().map(|model| &**model).collect();
    let bind_both = |text: &str| bind_any(&parse(text).unwrap(), &types, BindOptions::default());
    let constants = |text: &str| -> Vec<Option<bool>> {
        let constant = |bound: &BoundFilter| if let BoundFilter::Constant(flag) = bound { Some(*flag) } else { None };
        bind_both(text).unwrap().iter().map(constant).collect()
    };
    assert_eq!(constants(r#"displayName eq "x""#), [Some(false), None]);
    assert_eq!(constants(r#"userName ne "x""#), [None, Some(true)]);
    assert_eq!(constants("userName eq null"), [None, Some(true)]);
    assert_eq!(constants("userName ne null"), [None, Some(false)]);
    assert_eq!(constants(r#"not (userName pr or displayName pr)"#), [None, None]);
    assert_eq!(constants(r#"members[kind eq "User"]"#), [Some(false), None]);
    assert_eq!(constants(r#"meta.resourceType eq "Group" and userName pr"#), [None, Some(false)]);
    let error = bind_both(r#"displayNam eq "x""#).unwrap_err();
    assert!(error.detail().contains("did you mean displayName?"), "{error}");
    bind_both("emails[kind pr]").unwrap_err();
    bind_both("password pr").unwrap_err();
}

#[test]
fn a_bound_filter_knows_what_it_mentions() {
    let registry = registry();
    let model = &registry.types()[0];
    let id = |path: &str| match model.resolve(path).unwrap() {
        crate::model::PathTarget::Attribute(target) => target.leaf(),
        other => panic!("{other:?}"),
    };
    let filter = parse(r#"not (title pr) or emails[type eq "x"]"#).unwrap();
    let bound = bind(&filter, model, BindOptions::default()).unwrap();
    for (path, expected) in
        [("title", true), ("emails", true), ("emails.type", true), ("emails.value", false), ("tags", false)]
    {
        assert_eq!(bound.mentions(id(path)), expected, "{path}");
    }
}
