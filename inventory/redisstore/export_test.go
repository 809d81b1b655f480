package redisstore

// ReadHash is the name of the script that only reads.
var ReadHash = readScript.Hash()
