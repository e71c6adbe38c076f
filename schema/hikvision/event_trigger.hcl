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
    How people and servers are notified of an event. `illaccess`, which stands for failed logins, is the one that reveals an
    attack.

    Where a list has an event once for each channel under the same name, each is a separate item, with the number of its
    channel after the name: `objectsThrownDetection-2`.

    Some devices serve an event that is missing from the list in a document of its own. camform finds it when it is
    declared, and `camform learn -deep` and `camform import -deep` look for such events: they ask for every event that the
    device claims to support.

    Which events exist depends on the device and its channels, and none can be added. Reactions other than notifications,
    such as recording on a channel (`record-1`) or switching an output (`IO-1`), stay as they are.
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
    word     = "eventType"
    channel  = "dynVideoInputChannelID|videoInputChannelID"

    hint {
      source  = "Official guide (UD09761B, 15.3.2, 16.2.95, which has both words for an event, and 16.2.132); hikvision_next asks cameras with several channels for the list of all; the keys as recorded in lists, or else as 16.2.132 writes the event"
      paths   = ["/ISAPI/Event/channels/capabilities", "/ISAPI/Event/channels/{channel}/capabilities"]
      element = "ChannelEventCap"
      channel = "channelID|id"
      words   = "eventType"
      keys = {
        motionDetection      = "VMD-{channel}"
        shelteralarm         = "tamper-{channel}"
        tamperDetection      = "tamper-{channel}"
        videoLoss            = "videoloss-{channel}"
        faceDetection        = "facedetection-{channel}"
        fieldDetection       = "fielddetection-{channel}"
        defocusDetection     = "defocus-{channel}"
        audioDetection       = "audioexception-{channel}"
        sceneChangeDetection = "scenechangedetection-{channel}"
        lineDetection        = "linedetection-{channel}"
        faceCapture          = "faceSnap-{channel}"
        ANPR                 = "vehicledetection-{channel}"
        vehicleDetection     = "vehicledetection-{channel}"
        alarmResult          = "faceContrast-{channel}"
        temperatureDetection = "temperature-{channel}"
        diskfull             = "diskfull"
        diskerror            = "diskerror"
        nicbroken            = "nicbroken"
        ipconflict           = "ipconflict"
        illaccess            = "illaccess"
        PIR                  = "PIR"
        IO                   = ""
        ROI                  = ""
        intelliTrace         = ""
        MTD_face             = ""
        MTD_human            = ""
        MTD_vehicle          = ""
        MTD_nonMotor         = ""
      }
    }

    hint {
      source  = "Official guide (UD09761B, 16.2.127, 16.2.132); recorded on ten devices as a part of the first document and on one recorder as the second; the keys of events of the whole device as four recorders had flag and event"
      paths   = ["/ISAPI/System/capabilities", "/ISAPI/Event/capabilities"]
      element = "EventCap"
      flags   = "isSupport{word}"
      keys = {
        HDFull                 = "diskfull"
        HDError                = "diskerror"
        NicBroken              = "nicbroken"
        IpConflict             = "ipconflict"
        IllAccess              = "illaccess"
        ViMismatch             = "videomismatch"
        RecordException        = "recordingfailure"
        SpareException         = "spareException"
        PoePowerException      = "poePowerException"
        VoltageInstable        = "voltageinstable"
        MotionDetection        = "VMD-{channel}"
        VideoLoss              = "videoloss-{channel}"
        TamperDetection        = "tamper-{channel}"
        FramesPeopleCounting   = "framesPeopleCounting-{channel}"
        RegionEntrance         = "regionEntrance-{channel}"
        RegionExiting          = "regionExiting-{channel}"
        Loitering              = "loitering-{channel}"
        Group                  = "group-{channel}"
        RapidMove              = "rapidMove-{channel}"
        FireDetection          = "fireDetection-{channel}"
        IllegalParking         = "illegalParking-{channel}"
        UnattendedBaggage      = "unattendedBaggage-{channel}"
        AttendedBaggage        = "attendedBaggage-{channel}"
        HumanAttribute         = "humanAttribute-{channel}"
        HumanRecognition       = "humanRecognition-{channel}"
        FaceContrast           = "faceContrast-{channel}"
        FaceLib                = "faceLib-{channel}"
        FaceSnap               = "faceSnap-{channel}"
        WhiteListFaceContrast  = "whiteListFaceContrast-{channel}"
        BlackListFaceContrast  = "blackListFaceContrast-{channel}"
        PersonDensityDetection = "personDensityDetection-{channel}"
        MixedTargetDetection   = "mixedTargetDetection-{channel}"
        Pedestrian             = "pedestrian-{channel}"
        TrafficAccident        = "trafficAccident-{channel}"
        Construction           = "construction-{channel}"
        RoadBlock              = "roadblock-{channel}"
        AbandonedObject        = "abandonedObject-{channel}"
        ParallelParking        = "parallelParking-{channel}"
        ParkingState           = "parkingState-{channel}"
        Congestion             = "congestion-{channel}"
        IntersectionAnalysis   = "intersectionAnalysis-{channel}"
        SafetyHelmetDetection  = "safetyHelmetDetection-{channel}"
        CertificateRevocation  = "certificateRevocation-{channel}"
        TriggerFocus           = ""
      }
    }

    hint {
      source  = "Recorded on nine devices as a part of the first document; hikvision_next asks for the second; the keys as recorded in lists, or else as the official guide writes the event (UD09761B, 16.2.132)"
      paths   = ["/ISAPI/System/capabilities", "/ISAPI/Smart/capabilities"]
      element = "SmartCap"
      flags   = "isSupport{word}"
      keys = {
        FaceDetect           = "facedetection-{channel}"
        LineDetection        = "linedetection-{channel}"
        FieldDetection       = "fielddetection-{channel}"
        AudioDetection       = "audioexception-{channel}"
        DefocusDetection     = "defocus-{channel}"
        SceneChangeDetection = "scenechangedetection-{channel}"
        RegionEntrance       = "regionEntrance-{channel}"
        RegionExiting        = "regionExiting-{channel}"
        Loitering            = "loitering-{channel}"
        Group                = "group-{channel}"
        RapidMove            = "rapidMove-{channel}"
        Parking              = "parking-{channel}"
        UnattendedBaggage    = "unattendedBaggage-{channel}"
        AttendedBaggage      = "attendedBaggage-{channel}"
        PeopleDetection      = "peopleDetection-{channel}"
        StorageDetection     = "storageDetection-{channel}"
        ShipsDetection       = "shipsDetection-{channel}"
        ROI                  = ""
        IntelliTrace         = ""
      }
    }

    hint {
      source    = "Official guide (UD09761B, 15.3.25, 16.2.136, with its spellings, and 15.3.13 to 15.3.17, 16.2.132)"
      paths     = ["/ISAPI/Event/triggersCap"]
      element   = "EventTriggersCap"
      names     = "{word}TriggerCap|{word}Cap"
      otherwise = true
      keys = {
        Diskfull               = "diskfull"
        Diskerror              = "diskerror"
        Nicbroken              = "nicbroken"
        Ipconflict             = "ipconflict"
        Illacces               = "illaccess"
        Badvideo               = "badvideo"
        Videomismatch          = "videomismatch"
        HighHDTemperature      = "highHDTemperature"
        LowHDTemperature       = "lowHDTemperature"
        HDImpact               = "hdImpact"
        HDBadBlock             = "hdBadBlock"
        SevereHDFailure        = "severeHDFailure"
        VoltageInstable        = "voltageinstable"
        PIR                    = "PIR"
        MotionDetection        = "VMD-{channel}"
        TamperDetection        = "tamper-{channel}"
        VideoLoss              = "videoloss-{channel}"
        LineDetect             = "linedetection-{channel}"
        FiledDetect            = "fielddetection-{channel}"
        RegionEntrance         = "regionEntrance-{channel}"
        RegionExiting          = "regionExiting-{channel}"
        Loitering              = "loitering-{channel}"
        GroupDetection         = "group-{channel}"
        RapidMove              = "rapidMove-{channel}"
        Parking                = "parking-{channel}"
        UnattendedBaggage      = "unattendedBaggage-{channel}"
        AttendedBaggage        = "attendedBaggage-{channel}"
        FireDetection          = "fireDetection-{channel}"
        StorageDetection       = "storageDetection-{channel}"
        ShipsDetection         = "shipsDetection-{channel}"
        Thermometry            = "thermometry-{channel}"
        PeopleDetection        = "peopleDetection-{channel}"
        DefocusDetection       = "defocus-{channel}"
        FaceDetection          = "facedetection-{channel}"
        SceneChangeDetection   = "scenechangedetection-{channel}"
        VehicleDetection       = "vehicledetection-{channel}"
        AudioException         = "audioexception-{channel}"
        FaceContrast           = "faceContrast-{channel}"
        WhiteListFaceContrast  = "whiteListFaceContrast-{channel}"
        BlackListFaceContrast  = "blackListFaceContrast-{channel}"
        FaceSnap               = "faceSnap-{channel}"
        FaceLib                = "faceLib-{channel}"
        HumanAttribute         = "humanAttribute-{channel}"
        PersonDensityDetection = "personDensityDetection-{channel}"
        IllegalParking         = "illegalParking-{channel}"
        Pedestrian             = "pedestrian-{channel}"
        TrafficAccident        = "trafficAccident-{channel}"
        Construction           = "construction-{channel}"
        RoadBlock              = "roadblock-{channel}"
        AbandonedObject        = "abandonedObject-{channel}"
        ParallelParking        = "parallelParking-{channel}"
        ParkingState           = "parkingState-{channel}"
        Congestion             = "congestion-{channel}"
        SafetyHelmetDetection  = "safetyHelmetDetection-{channel}"
        IO                     = ""
        AlarmIn                = ""
      }
    }
  }

  write {
    path    = "/ISAPI/Event/triggers/{id}/notifications"
    element = "EventTriggerNotificationList"
  }

  attribute "notify" {
    type     = set(string)
    doc      = "All ways in which the device reports the event: `center` sends it to the alarm hosts and to clients that listen, `email` to the receivers of mail, `ftp` puts a picture on a server, `beep` sounds in the device, `monitor` shows the channel on the screen of a recorder, `syslog` writes to the log server, and some devices also have `http`, `sms` and `cloud`. camform removes those of them that are not in the set. Any other method, such as `whiteLight`, is shown and stays."
    elements = ["EventTriggerNotificationList", "EventTriggerNotificationList/EventTriggerNotification"]
    codec    = "notifications"
    values   = ["center", "email", "ftp", "beep", "monitor", "syslog", "http", "sms", "cloud"]
    map      = { ftp = "FTP", monitor = "monitorAlarm", http = "HTTP", sms = "SMS" }
    source   = "The first five recorded on cameras and recorders; the others in the official guide (UD09761B, 16.2.134)"
    example  = "[\"center\", \"email\"]"
  }
}
