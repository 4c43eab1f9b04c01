use super::*;

#[test]
fn what_the_language_would_read_is_escaped() {
    let cases = [
        (r#"say "hi" \ there"#, r#""say \"hi\" \\ there""#),
        ("${var.x} %{ if }", r#""$${var.x} %%{ if }""#),
        ("$${x}", r#""\u0024$${x}""#),
        ("a\n\tb\u{7}", r#""a\n\tb\u0007""#),
        ("100% of $5", r#""100% of $5""#),
    ];
    for (text, written) in cases {
        assert_eq!(Hcl::text(text).write(0), written);
    }
}

#[test]
fn references_stand_in_text_or_alone() {
    let host = || Piece::Reference(Reference::to("var.data.database.host"));
    assert_eq!(Hcl::Text(vec![host()]).write(0), "var.data.database.host");
    let text = vec![
        Piece::Plain("for $".to_owned()),
        host(),
        Piece::Plain(":5432".to_owned()),
    ];
    assert_eq!(
        Hcl::Text(text).write(0),
        r#""for \u0024${var.data.database.host}:5432""#
    );
    let entry = Reference::entry("var.data.secret_arns", "a\"b");
    assert_eq!(Hcl::Reference(entry).write(0), r#"var.data.secret_arns["a\"b"]"#);
}

#[test]
fn equals_signs_of_neighbours_stand_in_line() {
    let fields = [
        ("cpu".to_owned(), Hcl::Integer(256)),
        ("memory".to_owned(), Hcl::Integer(512)),
        (
            "a key".to_owned(),
            Hcl::object([("x", Hcl::object([("y", Hcl::Null)]))]),
        ),
        ("user".to_owned(), Hcl::text("1")),
    ];
    let written = "cpu    = 256\nmemory = 512\n\"a key\" = {\n  x = { y = null }\n}\nuser = \"1\"\n";
    assert_eq!(attributes(&fields, 0), written);
}
