// Package graphql executes GraphQL operations over a schema, the way Shopify's
// Admin API answers them.
//
// Parsing and validation are gqlparser's. Coercion of variables, execution and
// the calculated query cost are here, because the shapes that matter to a
// client of Shopify are theirs: INVALID_VARIABLE with a list of problems, a
// null that stays distinct from an absent field, an error with a code beside
// data that is null, and the cost of what was asked for and of what was given.
package graphql
