# The operator's rules where pull requests are planned: /etc/camform/operator.hcl in the image.
networks      = ["192.0.2.0/24"] # the same as where the devices are, so that a pull request shows what is not allowed there
setting_files = false

secrets "env" {
  names    = ["ADMIN_PASSWORD"] # not set here
  networks = ["192.0.2.0/24"]
}

snapshots {
  signers = "/etc/camform/snapshot_signers"
  max_age = "24h"
}
