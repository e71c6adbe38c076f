// Package approval decides whether a plan may be applied: whether enough people have signed it, and whether it keeps the
// limits of how much may change at once. It is pure: time, keys and files are handed in.
//
// Rules:
//
//   - A signature is for one plan, by its hash, and for a time. It is made with an SSH key that the signers of the plan list
//     for exactly the person who signs.
//   - Who made a plan cannot approve it, neither with another key nor under another name for the same key. Whom the plan
//     names as its author is believed, so that one person who lies about that needs a second one where two must sign.
//   - People are counted, not keys or files.
//   - A plan cannot loosen the rule that it falls under: the rule of the last plan that was applied approves its own change.
//   - Nothing that an approval says about the plan is believed or shown; that comes from the plan.
//   - There is no way around it.
//
// A file of an approval is a line of JSON and below it the signature of that line. OpenSSH verifies it as well:
//
//	head -n 1 FILE > line
//	tail -n +2 FILE > line.sig
//	ssh-keygen -Y verify -f SIGNERS -I PRINCIPAL -n camform-plan -s line.sig < line
package approval
