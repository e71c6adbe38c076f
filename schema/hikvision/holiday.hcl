setting "holiday" {
  summary     = "Days with their own recording schedule"
  source      = "Recorded on recorders V4.62, V4.74 and V4.75; cameras refuse it; writing it was not recorded"
  confidence  = "likely"
  phase       = "services"
  keyed       = true
  key_pattern = "[1-9][0-9]?"
  key_example = "1"
  key_doc     = "Number of the slot, from 1; recorders have 32."

  doc = <<-EOT
    Days on which a recorder follows the holiday schedule. Slots can be neither added nor removed, only switched off.

    A slot holds days of one year, days that recur every year, or days by the week of a month. The last form has never been
    seen filled in: it reads as null, and declaring another period replaces it.
  EOT

  document {
    path = "/ISAPI/System/Holidays"
    root = "HolidayList"
  }

  item {
    element = "holiday"
    key     = "id"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the slot is in effect."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "name" {
    type    = string
    doc     = "Name of the holiday."
    element = "holidayName"
    max     = 64
    example = "Christmas"
  }

  attribute "period" {
    type     = string
    doc      = "First and last day: month and day for every year, as in `12-24/01-06`, or with the year, as in `2026-12-24/2027-01-06`."
    source   = "Recorded on recorders V4.62 to V4.75 as dates and as months; the form by weeks was recorded as a word only"
    elements = ["holidayMode", "holidayDate", "holidayMonth", "holidayWeek"]
    codec    = "period"
    example  = "12-24/01-06"
  }
}
