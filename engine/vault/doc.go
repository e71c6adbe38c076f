// Package vault keeps secrets in the state so that only those read them who may, and reads secrets from wherever they are.
//
// A data key seals every secret. Its public half is in the state as it is, so that anybody who has the state can add a
// secret; its private half stands there sealed to the recipients of the vault:
//
//	identity of a person ──opens──▶ ┐
//	SSH key of a person  ──opens──▶ ├─ data key ──opens──▶ every secret, every snapshot
//	passphrase ──▶ its own key ───▶ ┘
//
// All of it is age (age-encryption.org/v1), so that with an identity, the state and the age program everything can be
// read without camform.
//
// Rules:
//
//   - A sealed text that was changed or cut is an error, never another text. A secret says within what is sealed to which
//     name it belongs, so that rows cannot be exchanged unseen.
//   - Who may open the vault is proven by the data key: somebody who can write the state but not open the vault cannot make
//     anybody a recipient.
//   - Somebody who cannot open the vault can still put something into it, so the state must be writable for nobody else.
//   - The data keys of before a Rekey are kept, sealed to the new recipients: what another process sealed at that moment is
//     not lost.
//   - No error contains a secret, a passphrase or a private key.
package vault
