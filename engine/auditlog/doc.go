// Package auditlog is the chain of records that says who did what to which device, so that nobody can take a record out or
// change it without being noticed.
//
//	genesis ◀── record 1 ◀── record 2 ◀── … ◀── record n      head = n and the hash of record n
//
// Every record holds the hash of the one before it. Changing, removing, repeating or moving a record breaks the chain at
// that place, and Verify says where. A chain alone does not show that its last records are gone, or that somebody rewrote
// all of it; a head that was noted elsewhere does. The further away from the log it was noted, the more it proves.
//
// Rules:
//
//   - A record holds no secret. What a value was before and after appears in it as a fingerprint that the caller makes with a
//     key, so that equal values can be recognized and no value can be guessed.
//   - The text of a record is never encoded again: it is kept, exported and hashed as it was written. A newer camform may
//     have more fields, and an older one verifies its records all the same.
//   - Nothing here touches a clock, a disk or a database.
package auditlog
