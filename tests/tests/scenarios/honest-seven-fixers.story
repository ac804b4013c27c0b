story Seven fixers on one change of the password policy
# Each rewrites the whole policy through the call that is matched: 8 firings, and it converges.

rule password-policy
  takes iam UpdateAccountPasswordPolicy
  runs f1
  runs f2
  runs f3
  runs f4
  runs f5
function f1 as r1
  answers after 1s, 1 times only: iam UpdateAccountPasswordPolicy minimumPasswordLength=14
  answers after 2s, 1 times only: iam UpdateAccountPasswordPolicy requireSymbols=true
function f2 as r2
  answers after 3s, 1 times only: iam UpdateAccountPasswordPolicy requireNumbers=true
  answers after 4s, 1 times only: iam UpdateAccountPasswordPolicy requireUppercase=true
function f3 as r3
  answers after 5s, 1 times only: iam UpdateAccountPasswordPolicy requireLowercase=true
function f4 as r4
  answers after 6s, 1 times only: iam UpdateAccountPasswordPolicy maxPasswordAge=90
function f5 as r5
  answers after 7s, 1 times only: iam UpdateAccountPasswordPolicy passwordReusePrevention=24

at 0s ann: iam UpdateAccountPasswordPolicy minimumPasswordLength=6

expect password-policy left alone
