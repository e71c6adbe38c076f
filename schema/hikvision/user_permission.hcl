setting "user_permission" {
  summary     = "What an account of the device may do"
  source      = "The addresses from an official guide; the elements from six independent client programs, which agree; no answer of a device was recorded"
  confidence  = "likely"
  phase       = "services"
  risk        = "login"
  keyed       = true
  key_pattern = "(\\\\x[0-9a-f]{2}|[^\\pC]){1,63}"
  key_doc     = "Name of the user, in the spelling of the device: at most 63 characters on any, and 32 on most."
  key_example = "guard"

  doc = <<-EOT
    The rights of one account. A device creates them with the account, at first with the defaults of the account's level; so
    the rights of a new account are compared from the next plan on, when the device has them. Devices may also reset them
    when the level changes.

    Devices list rights by account number and number the lists independently; camform finds the list of an account by its
    name. A level has a ceiling, beyond which devices reject rights or ignore them. The rights of an administrator are
    fixed.

    Cameras only know rights over the network (`remote`). Recorders also have rights for somebody in front of them
    (`local`), and both for every channel: there, somebody sees a channel with the right to preview *and* the channel in the
    list of that right.
  EOT

  document {
    path = "/ISAPI/Security/UserPermission"
    root = "UserPermissionList"
    capabilities = [
      "/ISAPI/Security/UserPermission/adminCap",
      "/ISAPI/Security/UserPermission/operatorCap",
      "/ISAPI/Security/UserPermission/viewerCap",
    ]
  }

  item {
    element = "UserPermission"
    key     = "userID"

    names {
      path    = "/ISAPI/Security/users"
      root    = "UserList"
      element = "User"
      key     = "id"
      name    = "userName"
    }
  }

  write {
    path = "/ISAPI/Security/UserPermission/{id}"
  }

  guards "rights" {
    name      = key
    rights    = "remote"
    configure = "configure"
    view      = "preview"
  }

  attribute "remote" {
    type = set(string)
    doc  = "All rights of the account over the network. camform removes those that are not in the list. `talk` is two-way audio, `alarm` alarm outputs and notices, `output` the picture on a local monitor, `serial` data through the serial port, `channels` adding and removing cameras; the last four exist on alarm panels and access controllers. Any other right of the device is shown by the name of its element, and stays."
    elements = [
      "remotePermission/parameterConfig",
      "remotePermission/logOrStateCheck",
      "remotePermission/upgrade",
      "remotePermission/voiceTalk",
      "remotePermission/restartOrShutdown",
      "remotePermission/alarmOutOrUpload",
      "remotePermission/contorlLocalOut|remotePermission/controlLocalOut",
      "remotePermission/transParentChannel|remotePermission/transparentChannel",
      "remotePermission/manageChannel",
      "remotePermission/preview",
      "remotePermission/record",
      "remotePermission/playBack",
      "remotePermission/ptzControl",
      "remotePermission/factoryReset",
      "remotePermission/arm",
      "remotePermission/disarm",
      "remotePermission/accessControl",
    ]
    codec = "rights"
    values = [
      "configure", "log", "upgrade", "talk", "restart", "alarm", "output", "serial",
      "channels", "preview", "record", "playback", "ptz", "factory_reset", "arm", "disarm", "access",
    ]
    example = "[\"preview\"]"
  }

  attribute "local" {
    type = set(string)
    doc  = "All rights of the account in front of the recorder. camform removes those that are not in the list."
    elements = [
      "localPermission/upgrade",
      "localPermission/parameterConfig",
      "localPermission/restartOrShutdown",
      "localPermission/logOrStateCheck",
      "localPermission/manageChannel",
      "localPermission/playBack",
      "localPermission/record",
      "localPermission/backup",
      "localPermission/ptzControl",
    ]
    codec = "rights"
    values = [
      "upgrade", "configure", "restart", "log", "channels", "playback", "record", "backup", "ptz",
    ]
    example = "[\"playback\"]"
  }

  attribute "remote_preview_channels" {
    type    = set(string)
    doc     = "Numbers of the channels that the account may watch over the network."
    element = "remotePermission/videoChannelPermissionList/videoChannelPermission/preview"
    codec   = "channel_rights"
    example = "[\"1\", \"2\"]"
  }

  attribute "remote_playback_channels" {
    type    = set(string)
    doc     = "Numbers of the channels whose recordings the account may play over the network."
    element = "remotePermission/videoChannelPermissionList/videoChannelPermission/playBack"
    codec   = "channel_rights"
    example = "[\"1\", \"2\"]"
  }

  attribute "remote_record_channels" {
    type    = set(string)
    doc     = "Numbers of the channels that the account may record over the network."
    element = "remotePermission/videoChannelPermissionList/videoChannelPermission/record"
    codec   = "channel_rights"
    example = "[\"1\", \"2\"]"
  }

  attribute "remote_ptz_channels" {
    type    = set(string)
    doc     = "Numbers of the channels whose cameras the account may move over the network."
    element = "remotePermission/ptzChannelPermissionList/ptzChannelPermission/ptzControl"
    codec   = "channel_rights"
    example = "[\"1\"]"
  }

  attribute "local_playback_channels" {
    type    = set(string)
    doc     = "Numbers of the channels whose recordings the account may play in front of the recorder."
    element = "localPermission/videoChannelPermissionList/videoChannelPermission/playBack"
    codec   = "channel_rights"
    example = "[\"1\", \"2\"]"
  }

  attribute "local_record_channels" {
    type    = set(string)
    doc     = "Numbers of the channels that the account may record in front of the recorder."
    element = "localPermission/videoChannelPermissionList/videoChannelPermission/record"
    codec   = "channel_rights"
    example = "[\"1\", \"2\"]"
  }

  attribute "local_backup_channels" {
    type    = set(string)
    doc     = "Numbers of the channels whose recordings the account may copy in front of the recorder."
    element = "localPermission/videoChannelPermissionList/videoChannelPermission/backup"
    codec   = "channel_rights"
    example = "[\"1\", \"2\"]"
  }

  attribute "local_ptz_channels" {
    type    = set(string)
    doc     = "Numbers of the channels whose cameras the account may move in front of the recorder."
    element = "localPermission/ptzChannelPermissionList/ptzChannelPermission/ptzControl"
    codec   = "channel_rights"
    example = "[\"1\"]"
  }

  attribute "remote_playback_approved_channels" {
    type       = set(string)
    doc        = "Numbers of the channels whose recordings the account may play over the network only together with a second person. Newer recorders only."
    source     = "Official guide UD09761B, 16.2.199 and 16.2.252"
    element    = "remotePermission/videoChannelPermissionList/videoChannelPermission/playBackDoubleVerification"
    codec      = "channel_rights"
    confidence = "unsure"
    example    = "[\"1\"]"
  }

  attribute "local_playback_approved_channels" {
    type       = set(string)
    doc        = "Numbers of the channels whose recordings the account may play in front of the recorder only together with a second person. Newer recorders only."
    source     = "Official guide UD09761B, 16.2.199 and 16.2.252"
    element    = "localPermission/videoChannelPermissionList/videoChannelPermission/playBackDoubleVerification"
    codec      = "channel_rights"
    confidence = "unsure"
    example    = "[\"1\"]"
  }

  attribute "local_backup_approved_channels" {
    type       = set(string)
    doc        = "Numbers of the channels whose recordings the account may copy only together with a second person. Newer recorders only."
    source     = "Official guide UD09761B, 16.2.199 and 16.2.252"
    element    = "localPermission/videoChannelPermissionList/videoChannelPermission/backupDoubleVerification"
    codec      = "channel_rights"
    confidence = "unsure"
    example    = "[\"1\"]"
  }
}
