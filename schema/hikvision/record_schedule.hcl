setting "record_schedule" {
  summary     = "When a recorder records a channel"
  source      = "Recorded on a recorder V4.61; a second recorder, reduced by its owner, for the times before and after an event; writing it was not recorded"
  confidence  = "likely"
  phase       = "services"
  risk        = "service"
  keyed       = true
  key_pattern = "[0-9]{1,6}"
  key_doc     = "Number of the track: a hundred times the channel, plus 1 for the main stream."
  key_example = "101"

  doc = <<-EOT
    The weekly schedule of one channel. Everything else about a track, such as its holidays and how long recordings are
    kept, stays as it is; tracks cannot be added or removed.

    A time is written as `Mon 08:00-18:00 CMR`: the day, the hours, and the trigger of the recording. `24:00` is the end of
    a day, and a time past midnight names the second day: `Fri 22:00-Sat 06:00 MOTION`. `CMR` records always, `MOTION` on
    motion, `ALARM` on an alarm input; recorders may know further words and list them. The list is the whole week, in any
    order.
  EOT

  document {
    path         = "/ISAPI/ContentMgmt/record/tracks"
    root         = "TrackList"
    capabilities = ["/ISAPI/ContentMgmt/record/tracks/101/capabilities"]
  }

  item {
    element = "Track"
    key     = "id"
  }

  write {
    path = "/ISAPI/ContentMgmt/record/tracks/{id}"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the schedule is in effect. A recorder has a second element of this meaning, which reads false even while it records, so camform uses this one."
    element = "CustomExtensionList/CustomExtension/enableSchedule"
    codec   = "boolean"
    example = "true"
  }

  attribute "mode" {
    type    = string
    doc     = "What the recorder calls its default mode. Tracks were seen with the same mode here and in all times of the schedule; the effect where they differ is unknown."
    element = "DefaultRecordingMode"
    codec   = "choice"
    values  = ["CMR", "MOTION", "ALARM", "EDR", "ALARMANDMOTION", "AllEvent", "POS"]
    source  = "Official guide UD09761B, 16.2.299; CMR and MOTION recorded"
    example = "CMR"
  }

  attribute "schedule" {
    type     = list(string)
    doc      = "All recording times of the week, at most eight a day."
    elements = ["TrackSchedule/ScheduleBlockList/ScheduleBlock", "TrackSchedule/ScheduleBlockList/ScheduleBlock/ScheduleAction"]
    codec    = "record_schedule"
    example  = "[\"Mon 00:00-24:00 CMR\", \"Tue 08:00-18:30 MOTION\"]"
  }

  attribute "audio" {
    type    = bool
    doc     = "Whether sound is recorded with the video. Not every recorder has it here."
    element = "CustomExtensionList/CustomExtension/SaveAudio"
    codec   = "boolean"
    example = "false"
  }

  attribute "pre_record" {
    type      = number
    doc       = "How long before an event the recording begins. Not every recorder has it here."
    element   = "CustomExtensionList/CustomExtension/PreRecordTimeSeconds"
    codec     = "number"
    min       = 0
    max       = 600
    usual_max = 10
    unit      = "seconds"
    example   = "5"
  }

  attribute "post_record" {
    type      = number
    doc       = "How long after an event the recording ends. Not every recorder has it here."
    element   = "CustomExtensionList/CustomExtension/PostRecordTimeSeconds"
    codec     = "number"
    min       = 0
    max       = 3600
    usual_max = 20
    unit      = "seconds"
    example   = "60"
  }
}
