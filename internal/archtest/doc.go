// Package archtest holds the shape of the module by tests: which way imports
// point, which packages pull in a client of Redis or of a broker, that what is
// exported is explained, and what lies at the top.
package archtest
