//! The person: a pinentry program that answers by a list and writes down what it showed.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cardea_agent::Pinentry;

const SCRIPT: &str = r#"
dir=$1
echo 'OK at your service'
while IFS= read -r line; do
  case "$line" in
    SETDESC*|SETERROR*) printf '%s\n' "$line" >>"$dir/shown"; echo OK;;
    GETPIN|CONFIRM)
      printf '%s\n' "$line" >>"$dir/shown"
      n=$(( $(cat "$dir/count" 2>/dev/null || echo 0) + 1 ))
      echo "$n" >"$dir/count"
      answer=$(sed -n "${n}p" "$dir/answers")
      case "$answer" in
        pin*) printf 'D %s\nOK\n' "${answer#pin }";;
        ok) echo OK;;
        crash) exit 1;;
        cancel) echo 'ERR 83886179 Operation cancelled';;
        *) echo "$$" >"$dir/waits.$n"; read -r rest;;
      esac;;
    *) echo OK;;
  esac
done
"#;

/// A person with a list of answers. One who has none left looks at the dialog and does nothing.
pub(crate) struct Person {
    folder: PathBuf,
}

impl Person {
    pub(crate) fn new(folder: &Path) -> Self {
        let folder = folder.join("person");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("answers"), "").unwrap();
        Self { folder }
    }

    pub(crate) fn pinentry(&self) -> Pinentry {
        let folder = self.folder.as_os_str().to_owned();
        Pinentry::new("/bin/sh").with_arguments(["-c".into(), SCRIPT.into(), "sh".into(), folder])
    }

    /// The same program, as arguments of the agent.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let folder = self.folder.as_os_str().to_owned();
        let arguments = ["-c".into(), SCRIPT.into(), "sh".into(), folder];
        let given = arguments.into_iter().flat_map(|a| ["--pinentry-arg".into(), a]);
        ["--pinentry".into(), "/bin/sh".into()].into_iter().chain(given).collect()
    }

    /// What the person does at the next dialogs: `pin 1234`, `ok`, `cancel`, `wait`; or the
    /// program `crash`es.
    pub(crate) fn will(&self, answers: &[&str]) {
        let path = self.folder.join("answers");
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        for answer in answers {
            writeln!(file, "{answer}").unwrap();
        }
    }

    /// What the dialogs have shown.
    pub(crate) fn saw(&self) -> String {
        std::fs::read_to_string(self.folder.join("shown")).unwrap_or_default()
    }

    /// How many dialogs there were.
    pub(crate) fn dialogs(&self) -> usize {
        self.saw().lines().filter(|line| matches!(*line, "GETPIN" | "CONFIRM")).count()
    }

    /// Waits until the `nth` dialog stands there unanswered; the process that shows it.
    pub(crate) async fn looks_at(&self, nth: usize) -> String {
        let path = self.folder.join(format!("waits.{nth}"));
        let written = || std::fs::read_to_string(&path).is_ok_and(|pid| pid.ends_with('\n'));
        super::until(async || written()).await;
        std::fs::read_to_string(&path).unwrap().trim().to_owned()
    }
}

/// Whether a process is there.
pub(crate) fn is_running(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}
