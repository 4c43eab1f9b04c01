//! `landfall init`

use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::deployment::{Answers, answers_schema, outline};
use crate::product::{Entry, Product, Target};
use crate::wizard::{
    Form, Item, Manner, Prompt, Prompter, Reply, Terminal, WizardError, apply_all, complete_without_asking,
    write,
};

/// Options of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The product's name, or the path of its folder; asked for unless given or known from the file.
    pub product: Option<String>,
    /// The installation's name.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The mode, such as `kubernetes`.
    #[arg(long, value_name = "MODE")]
    pub mode: Option<String>,
    /// The target, where the mode has several.
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// The tier.
    #[arg(long, value_name = "TIER")]
    pub tier: Option<String>,
    /// The release.
    #[arg(long, value_name = "VERSION")]
    pub release: Option<String>,
    /// Where the state lies.
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
    /// Any answer by its key, such as `services.database.host=db.internal`; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Start from the answers in this file.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<Utf8PathBuf>,
    /// Ask everything again, with the present answers as defaults.
    #[arg(long)]
    pub review: bool,
}

impl InitArgs {
    /// Lists the answers given by flags of their own, in the form of `--set`.
    fn pairs(&self) -> Vec<String> {
        let own = [
            ("name", &self.name),
            ("tier", &self.tier),
            ("release", &self.release),
            ("state", &self.state),
            ("parts.main.mode", &self.mode),
            ("parts.main.target", &self.target),
        ];
        let given = own
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)));
        given.chain(self.set.iter().cloned()).collect()
    }
}

/// Asks, or takes what is given, and writes the answers file.
pub fn run(context: &Context, args: InitArgs) -> Result {
    let file = &context.global.file;
    let source = args.answers.as_ref().or_else(|| file.exists().then_some(file));
    let existing = source.map(read).transpose()?;
    let entry = product(context, &args, existing.as_ref())?;
    let product = entry.product();
    let named = args
        .product
        .clone()
        .or_else(|| existing.as_ref().map(|answers| answers.product.clone()));
    let mut answers = match existing {
        Some(existing) if named.as_deref() == Some(existing.product.as_str()) => existing,
        Some(existing) => {
            let what = format!(
                "{} holds answers for {}",
                source.unwrap_or(file),
                existing.product
            );
            return Err(CommandError::new(Exit::Input, what).hint("name another file with --file"));
        }
        None => {
            // Who can be asked is: the name is in every name of what is made, and two installations must not share it.
            let name = if context.interactive { "" } else { &product.name };
            Answers::new(named.as_deref().unwrap_or(&product.name), name)
        }
    };
    apply_all(product, &mut answers, &args.pairs()).map_err(refused)?;
    let answers = if context.interactive {
        let folder = context.answers_folder();
        let readable = |path: &str| {
            fs_err::metadata(folder.join(path))
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        let manner = Manner {
            review: args.review,
            readable: &readable,
            suggested: &|key| match key {
                "name" => Some(product.name.clone()),
                _ if key.starts_with("parts.") && key.ends_with(".options.supervisor") => {
                    (!has_systemd()).then(|| OWN_SUPERVISOR.to_owned())
                }
                _ => None,
            },
        };
        quiet_interrupt(context);
        crate::wizard::run(product, answers, &manner, &mut Terminal::default()).map_err(refused)?
    } else {
        let mut complete = complete_without_asking(product, &answers).map_err(refused)?;
        suggest_supervisor(product, &answers, &mut complete);
        complete
    };
    place(file, &write(product, &answers))?;
    // Editors find it through the first line of the answers file.
    let schema = serde_json::to_string_pretty(&answers_schema()).unwrap_or_default() + "\n";
    place(&context.answers_folder().join("landfall.schema.json"), &schema)?;
    context.data(&format!("{file}\n"));
    let flag = if file == "landfall.yaml" {
        String::new()
    } else {
        format!(" --file {file}")
    };
    context.say(format!(
        "wrote {file}; look at what would be done with: landfall plan{flag}"
    ));
    Ok(Exit::Done)
}

/// Writes a file so that it is either the old or the new one.
fn place(file: &Utf8PathBuf, text: &str) -> Result<()> {
    let temporary = Utf8PathBuf::from(format!("{file}.landfall-new"));
    fs_err::write(&temporary, text)
        .and_then(|()| fs_err::rename(&temporary, file))
        .map_err(|error| CommandError::from_error(Exit::Failed, &error))
}

fn read(source: &Utf8PathBuf) -> Result<Answers> {
    let text =
        fs_err::read_to_string(source).map_err(|error| CommandError::from_error(Exit::Input, &error))?;
    Ok(Answers::parse(source.as_str(), &text)?.content)
}

/// Opens the product that was named, or asks which.
fn product(context: &Context, args: &InitArgs, existing: Option<&Answers>) -> Result<Entry> {
    let catalog = context.catalog();
    if let Some(name) = args.product.as_ref().or(existing.map(|answers| &answers.product)) {
        return Ok(catalog.open(name)?);
    }
    let names = catalog.names();
    if !context.interactive {
        let error = CommandError::new(Exit::Input, "no product is named, and nobody can be asked");
        return Err(error.hint(format!("landfall init PRODUCT; known are {}", names.join(", "))));
    }
    quiet_interrupt(context);
    let item = |name: &String| Item {
        value: name.clone(),
        title: catalog.open(name).map_or_else(
            |_| name.clone(),
            |entry| format!("{name} - {}", entry.product().description),
        ),
        detail: String::new(),
    };
    let prompt = Prompt {
        key: "product".to_owned(),
        message: "Which product?".to_owned(),
        help: String::new(),
        notes: Vec::new(),
        form: Form::One(names.iter().map(item).collect()),
        default: None,
        optional: false,
        back: false,
        complaint: None,
    };
    let key = prompt.key.clone();
    match Terminal::default().ask(&prompt) {
        Ok(Reply::Answer(name)) => Ok(catalog.open(&name)?),
        Ok(Reply::Back | Reply::Cancel) => Err(refused(WizardError::Cancelled)),
        Err(source) => Err(refused(WizardError::Ask { key, source })),
    }
}

/// Landfall's own supervisor, as the host's options name it.
const OWN_SUPERVISOR: &str = "landfall";

fn has_systemd() -> bool {
    crate::tools::Systemctl::is_running("/".into())
}

/// On a machine without systemd, takes Landfall's own supervisor where nothing was said.
fn suggest_supervisor(product: &Product, given: &Answers, complete: &mut Answers) {
    if has_systemd() {
        return;
    }
    let hosts = outline(product, complete)
        .parts
        .into_iter()
        .filter(|part| part.target == Some(Target::Host));
    for name in hosts.map(|part| part.name).collect::<Vec<_>>() {
        let key = format!("parts.{name}.options.supervisor");
        if given.get(&key).is_none() {
            complete.set(&key, OWN_SUPERVISOR.into());
        }
    }
}

/// Lets an interrupt reach the prompt as an error, so that the terminal is put back in order, and settles the colours.
fn quiet_interrupt(context: &Context) {
    use tokio::signal::unix::{SignalKind, signal};
    dialoguer::console::set_colors_enabled_stderr(context.color);
    let _ = signal(SignalKind::interrupt());
}

/// Turns what the wizard says into an error of the command line.
pub fn refused(error: WizardError) -> CommandError {
    let hints = error.hints();
    let failed = match error {
        WizardError::Missing { missing } => {
            let count = missing.len();
            let what = if count == 1 {
                "an answer is missing".to_owned()
            } else {
                format!("{count} answers are missing")
            };
            let error = CommandError {
                missing,
                ..CommandError::new(Exit::Input, what)
            };
            return error.hint("answer them with the flags or in a file given with --answers");
        }
        WizardError::Cancelled => CommandError::new(Exit::Failed, "cancelled; nothing was written"),
        WizardError::NoPair { .. } => CommandError::from_error(Exit::Usage, &error),
        error => CommandError::from_error(Exit::Input, &error),
    };
    hints.into_iter().fold(failed, CommandError::hint)
}
