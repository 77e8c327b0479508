use std::fs::{File, Metadata, Permissions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use clap::Args;
use secrets::KeyRing;
use url::Url;

use super::{Failure, HERE, INSTALLED};
use crate::config::{Bounds, Config, Entra, Oidc, X509};
use crate::{entropy, owner};

/// What `cardea init` is told.
#[derive(Args)]
pub(super) struct Arguments {
    /// Public address, with a name and no IP address: `https://login.example.com`, or
    /// `http://localhost:8080` to try.
    #[arg(long)]
    url: Url,
    /// RP ID, if it is to be a parent domain of the host.
    #[arg(long)]
    rp_id: Option<String>,
    /// Directory for database and master key.
    #[arg(long, default_value = "cardea-data")]
    data: PathBuf,
    /// Address to listen on [default: all addresses at the port of an https URL; this machine alone
    /// when a proxy is in front, port 8080, or with an http URL, at its port]
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// IP address of a proxy that ends TLS in front of Cardea; may be given several times.
    #[arg(long)]
    trusted_proxy: Vec<std::net::IpAddr>,
}

/// `cardea init`: writes the configuration and the master key. Never over what is there.
pub(super) fn run(path: &Path, arguments: &Arguments) -> Result<(), Failure> {
    let host = arguments.url.host_str().unwrap_or_default().to_owned();
    let rp_id = arguments.rp_id.clone().unwrap_or(host);
    let data = std::path::absolute(&arguments.data)?;
    let config = Config {
        url: arguments.url.clone(),
        rp_id,
        listen: arguments.listen.unwrap_or_else(|| listen(arguments)),
        data,
        database: None,
        tls: None,
        trusted_proxies: arguments.trusted_proxy.clone(),
        limits: Bounds::default(),
        entra: Entra::default(),
        x509: X509::default(),
        oidc: Oidc::default(),
    };
    match config.check() {
        // The administrator names the certificate in the file that is written now.
        Err(crate::ConfigError::NoTls) | Ok(()) => {}
        Err(error) => return Err(error.into()),
    }
    not_there_yet(path, &config)?;
    directory(&config.data)?;
    if let Some(around) = std::path::absolute(path)?.parent() {
        directory(around)?;
    }
    let data = std::fs::metadata(&config.data)?;
    // The configuration first: what fails here leaves no key behind that looks like one in use.
    let file = write_new(path, &toml::to_string(&config)?)?;
    if is_for_another(&file, &data)? {
        fchown(&file, None, Some(data.gid()))?;
        file.set_permissions(Permissions::from_mode(0o640))?;
    }
    let file = write_new(&config.master_key(), &KeyRing::of(entropy::bytes()).reveal())?;
    let for_another = is_for_another(&file, &data)?;
    if for_another {
        fchown(&file, Some(data.uid()), Some(data.gid()))?;
    }
    say(path, &config);
    println!("Next: {}", next(path, for_another.then_some(&data)));
    Ok(())
}

/// Whether root sets the server up for the user to whom the data directory belongs. The key becomes
/// that user's; the configuration stays root's, and the user's group may read it.
fn is_for_another(written: &File, data: &Metadata) -> Result<bool, Failure> {
    Ok(written.metadata()?.uid() != data.uid())
}

/// Where to listen when nobody says so: where the browsers of the URL arrive.
fn listen(arguments: &Arguments) -> SocketAddr {
    let port = arguments.url.port_or_known_default().unwrap_or(8080);
    match arguments.url.scheme() {
        "https" if arguments.trusted_proxy.is_empty() => (Ipv4Addr::UNSPECIFIED, port).into(),
        "https" => (Ipv4Addr::LOCALHOST, 8080).into(),
        _ => (Ipv4Addr::LOCALHOST, port).into(),
    }
}

/// Nothing is written when one of the two files is there.
fn not_there_yet(path: &Path, config: &Config) -> Result<(), Failure> {
    if path.exists() {
        let path = path.display();
        return Err(format!("{path} exists already; nothing is written. Is Cardea set up?").into());
    }
    if config.master_key().exists() {
        let data = config.data.display();
        return Err(format!(
            "{data} has a master key already; nothing is written. Name another --data, or start \
             with the configuration that belongs to it"
        )
        .into());
    }
    Ok(())
}

/// Makes a directory for this user alone, unless it is there.
fn directory(path: &Path) -> Result<(), Failure> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| format!("{} is not made: {error}", path.display()).into())
}

/// Writes a file for this user alone.
fn write_new(path: &Path, text: &str) -> Result<File, Failure> {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.map_err(|error| format!("{} is not written: {error}", path.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(file)
}

fn say(path: &Path, config: &Config) {
    println!("Configuration: {}", path.display());
    println!("Master key:    {}", config.master_key().display());
    println!();
    println!("Back the master key up now, apart from the database: without it, client secrets,");
    println!(
        "signing keys and pending sign-ins cannot be opened, the audit trail cannot be checked,"
    );
    println!("and a copy of the database alone is of no use.");
    println!();
    println!("{} becomes the RP ID, for good: every card that is enrolled is bound", config.rp_id);
    println!("to it and works nowhere else. Changing it later means enrolling every card anew.");
    if config.url.scheme() == "https" && config.trusted_proxies.is_empty() {
        println!();
        println!("Name the certificate in the configuration before you start:");
        println!("  [tls]");
        println!("  certificate = \"/path/to/chain.pem\"");
        println!("  key = \"/path/to/key.pem\"");
    }
    println!();
}

/// What starts the server and invites the first administrator. As root that would make the database
/// root's: where the data is another user's, both are for that user.
fn next(path: &Path, owner: Option<&Metadata>) -> String {
    let named = match path.to_string_lossy() {
        path if path == HERE => String::new(),
        path => format!("--config {} ", owner::shell_word(&path)),
    };
    let Some(owner) = owner else {
        return format!(
            "`cardea {named}serve`, and in another terminal `cardea {named}admin invite`."
        );
    };
    let invite = owner::as_owner(owner, &format!("{named}admin invite"));
    if path == Path::new(INSTALLED) {
        return format!("`systemctl enable --now cardea`, then `{invite}`.");
    }
    let serve = owner::as_owner(owner, &format!("{named}serve"));
    format!("`{serve}`, and in another terminal `{invite}`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_unit_serves_it_is_what_is_started() {
        let unit = include_str!("../../../../packaging/systemd/cardea.service");
        assert!(unit.contains(&format!("--config {INSTALLED} serve")));
        let data = std::fs::metadata("/").unwrap();
        let as_root = format!("runuser -u root -- cardea --config {INSTALLED} admin invite");
        assert_eq!(
            next(Path::new(INSTALLED), Some(&data)),
            format!("`systemctl enable --now cardea`, then `{as_root}`.")
        );
        let own = next(Path::new(HERE), None);
        assert_eq!(own, "`cardea serve`, and in another terminal `cardea admin invite`.");
    }
}
