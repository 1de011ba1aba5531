/** The environment variables of the command line that the flags' own help does not name. */
export const ENVIRONMENT_HELP = `Environment:
  XDG_CONFIG_HOME         where the configuration is (default: ~/.config), and
  XDG_STATE_HOME          what this machine has verified; absolute paths
                          (default: ~/.local/state)
  HTTPS_PROXY, NO_PROXY   the proxy to the vault (http://HOST:PORT), and what is
                          reached without: names, .domains, addresses, networks
                          as 10.0.0.0/8; loopback always is
  NODE_EXTRA_CA_CERTS     certificates in PEM that are trusted, as with --ca
  NODE_USE_SYSTEM_CA=1    trusts what this system trusts, too; SSL_CERT_FILE and
                          SSL_CERT_DIR say where that is`;
