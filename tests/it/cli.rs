//! How the command line behaves.

use clap::CommandFactory as _;
use landfall::cli::args::Cli;

#[test]
fn no_argument_of_a_verb_is_mistaken_for_a_global_option() {
    fn walk(command: &clap::Command, global: &[String], found: &mut Vec<String>) {
        for verb in command.get_subcommands() {
            let own = verb.get_arguments().map(|arg| arg.get_id().to_string());
            found.extend(
                own.filter(|id| global.contains(id))
                    .map(|id| format!("{} {id}", verb.get_name())),
            );
            walk(verb, global, found);
        }
    }
    let command = Cli::command();
    let global: Vec<String> = command
        .get_arguments()
        .filter(|arg| arg.is_global_set())
        .map(|arg| arg.get_id().to_string())
        .collect();
    let mut found = Vec::new();
    walk(&command, &global, &mut found);
    assert_eq!(found, [""; 0], "ids shared with global options");
}
