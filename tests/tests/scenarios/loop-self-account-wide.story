story Password policy, which is no resource
# Account-wide settings name no resource: a person's change and the fixer's meet on the service as a whole.

rule password-policy
  takes iam UpdateAccountPasswordPolicy, DeleteAccountPasswordPolicy
  runs policy-fixer
function policy-fixer as policy-fixer-role
  answers after 20s: iam UpdateAccountPasswordPolicy minimumPasswordLength=14

at 0s ann: iam DeleteAccountPasswordPolicy
lasts 1h

expect password-policy cut by surplus after 9 firings
