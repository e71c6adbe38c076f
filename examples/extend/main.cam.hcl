# What to do about settings that camform has no kind for: name the element of a document, or describe a kind of your own.
#
# Nobody has tried either for you. Begin with a device that stands on your desk.

camform {
  schemas = ["./schemas"] # setting files of our own: schemas/stream.hcl describes the kind "stream"
}

device "desk" {
  address = "https://192.0.2.31"

  login {
    username = "admin"
    password = secret("env:DESK_PASSWORD")
  }

  # A document of the vendor's by the path of an element in it. camform writes it only where that is allowed.
  allow_unproven = ["document"]

  document "/ISAPI/System/serialLogCfg?format=json#enabled" {
    value = "false"
  }

  # A kind of our own. Its values are checked by name, like those of every other kind.
  stream "101" {
    name    = "Entrance"
    enabled = true
  }
}
