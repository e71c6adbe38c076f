# Settings for which camform has no kind: name the element of a document, or describe a custom kind.
#
# Neither is tested on your devices. Start with a device on your desk.

camform {
  schemas = ["./schemas"] # custom kinds: schemas/stream.hcl describes the kind "stream"
}

device "desk" {
  address = "https://192.0.2.31"

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  # One of the vendor's documents, by the path of an element in it. camform writes it only where that is allowed.
  allow_unproven = ["document"]

  document "/ISAPI/System/serialLogCfg?format=json#enabled" {
    value = "false"
  }

  # A custom kind. Its values are checked by name, like those of every other kind.
  stream "101" {
    name    = "Entrance"
    enabled = true
  }
}
