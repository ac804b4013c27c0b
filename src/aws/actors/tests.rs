//! The resolvers of each kind, held to answers as AWS writes them.
