story Events of a service that name no caller and no parameters
rule landing-zone
  takes controltower
  runs ledger
function ledger as ledger-role

at 0s every 30s, 60 times nobody: controltower CreateManagedAccount unrecorded

expect landing-zone at most suspect
