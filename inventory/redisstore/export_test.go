package redisstore

// ReadHash is the name of the script that only reads.
var ReadHash = readScript.Hash()

// TidyHash is the name of the script that forgets reservations.
var TidyHash = tidyScript.Hash()

// CheckAt is Check by another clock.
var CheckAt = check
