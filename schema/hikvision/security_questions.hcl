setting "security_questions" {
  summary     = "Questions by which the password of the administrator can be reset"
  source      = "Notes on a camera V5.8.10, with which the official guide agrees (UD09761B, 15.7.37 and 16.2.257); flags recorded on five cameras and a terminal; no answer of a device was recorded"
  confidence  = "likely"
  phase       = "accounts"
  risk        = "login"
  hooks       = "security_questions"
  sends_login = true
  enciphers   = ["answer", "password"]

  doc = <<-EOT
    Anyone who knows the answers to three questions can set a new password for the administrator from the local network. So
    answers should be random, and kept like passwords.

    Devices show which questions are chosen but never an answer, so only the state shows whether answers are up to date.
    They accept only the three questions with all answers at once, together with the administrator's password: camform sends
    the one that it is logged in with.
  EOT

  document {
    path         = "/ISAPI/Security/questionConfiguration"
    root         = "SecurityQuestion"
    capabilities = ["/ISAPI/Security/questionConfiguration/capabilities", "/ISAPI/Security/capabilities"]
  }

  prepares "questions" {
    by = "questions"
  }

  write {
    path = "/ISAPI/Security/questionConfiguration"
  }

  attribute "questions" {
    type    = list(string)
    doc     = "Numbers of the three questions, as in the menu of the device. Their order only matches them to the answers."
    element = "QuestionList/Question/mark"
    codec   = "questions"
    example = "[\"1\", \"4\", \"9\"]"
  }

  attribute "answer_1" {
    type       = string
    doc        = "Answer to the first of the questions."
    element    = "QuestionList/Question/answer"
    min        = 1
    max        = 128
    write_only = true
  }

  attribute "answer_2" {
    type       = string
    doc        = "Answer to the second of the questions."
    element    = "QuestionList/Question/answer"
    min        = 1
    max        = 128
    write_only = true
  }

  attribute "answer_3" {
    type       = string
    doc        = "Answer to the third of the questions."
    element    = "QuestionList/Question/answer"
    min        = 1
    max        = 128
    write_only = true
  }
}
