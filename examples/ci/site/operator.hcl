# The operator's rules where the devices are: /etc/camform/operator.hcl on the runner.
state         = "/var/lib/camform/state.db" # or the address of a server: "postgres://db.example.com:5432/camform"
networks      = ["192.0.2.0/24"]
setting_files = false

secrets "env" {
  names    = ["ADMIN_PASSWORD"]
  networks = ["192.0.2.0/24"]
}

approvals {
  required = 1
  for      = ["all"]
  signers  = "/etc/camform/allowed_signers"
}
