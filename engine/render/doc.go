// Package render tells people and programs what a plan would do, what a run did and what is wrong.
//
//	plan    → Rows, DriftRows  → Text, Markdown     for people
//	report  → Result           → Text, Markdown
//	plan    → PlanJSON, DriftJSON, Stream           for programs, in the shapes that tools for Terraform read
//	diag    → Problems
//	events  → Progress, Stream
//
// Rules:
//
//   - Rows decide what is said, the loops over them decide how. So all forms of a plan say the same.
//   - Nothing is compared again that a plan has decided: which attributes change, and why, stands in its steps.
//   - A value of an attribute that a kind calls secret is never shown, also where a plan or report holds one by mistake.
//     The same goes for attributes that no kind describes, as nothing says that they are harmless.
//   - Text may come from a device or from a stranger's pull request. No control character, no direction mark and no
//     markup of it reaches the output.
//   - The same input gives the same output, in the order of the input.
//   - Colour and width are the caller's to decide; nothing here looks at the environment.
package render
