story One import, and eight users whose names CloudTrail hides
rule group-users
  takes cognito-idp ImportUsers, AdminUpdateUserAttributes
  runs grouper
function grouper as grouper-role within 30s
  answers after 1s, 8 calls each 1s, to ImportUsers only: cognito-idp AdminUpdateUserAttributes userPoolId=pool-1 username=hidden

at 0s ann: cognito-idp ImportUsers userPoolId=pool-1

expect group-users left alone
