setting "event_trigger" {
  summary     = "What a device does when something happens"
  source      = "Recorded on seven cameras and four recorders V4.61 to V4.75; a recorder before and after its list was written; a tool in use writes the list on cameras"
  confidence  = "confirmed"
  phase       = "services"
  keyed       = true
  key_pattern = "[A-Za-z0-9_.-]{1,64}"
  key_doc     = "Name of the event, in any case: `illaccess`, `diskfull`, `diskerror`, `nicbroken`, `ipconflict`, `badvideo` and `recordingfailure` (recorders) for the device as a whole, `VMD-1` for motion on channel 1."
  key_example = "illaccess"

  doc = <<-EOT
    How people and servers hear of an event. `illaccess`, which stands for failed logins, is the one that tells of an
    attack.

    Where a list has an event once for each channel under the same name, each is an item of its own, with the number of its
    channel behind the name: `objectsThrownDetection-2`.

    Some devices serve an event by itself that is not in the list. It is found when it is declared.

    Which events there are depends on the device and its channels, and none can be added. What is done beside telling
    somebody, such as recording on a channel (`record-1`) or switching an output (`IO-1`), is left as it is.
  EOT

  document {
    path = "/ISAPI/Event/triggers"
    root = "EventTriggerList|EventNotification"
  }

  item {
    element  = "EventTrigger|EventTriggerList/EventTrigger"
    key      = "id"
    any_case = true
    apart    = "dynVideoInputChannelID|videoInputChannelID|dynInputIOPortID|inputIOPortID"
    alone    = "/ISAPI/Event/triggers/{key}"
  }

  write {
    path    = "/ISAPI/Event/triggers/{id}/notifications"
    element = "EventTriggerNotificationList"
  }

  attribute "notify" {
    type     = set(string)
    doc      = "All ways in which the event is told: `center` sends it to the alarm hosts and to clients that listen, `email` to the receivers of mail, `ftp` puts a picture on a server, `beep` sounds in the device, `monitor` shows the channel on the screen of a recorder, `syslog` writes to the log server, and `http`, `sms` and `cloud` are ways that some devices have. Those of them that are not in the set are taken away. A method that is none of them, such as `whiteLight`, is shown and stays."
    elements = ["EventTriggerNotificationList", "EventTriggerNotificationList/EventTriggerNotification"]
    codec    = "notifications"
    values   = ["center", "email", "ftp", "beep", "monitor", "syslog", "http", "sms", "cloud"]
    map      = { ftp = "FTP", monitor = "monitorAlarm", http = "HTTP", sms = "SMS" }
    source   = "The first five recorded on cameras and recorders; the others in the official guide (UD09761B, 16.2.134)"
    example  = "[\"center\", \"email\"]"
  }
}
