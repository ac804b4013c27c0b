//! The directory: what is learned of rules, how it is stored, and what events fire.
