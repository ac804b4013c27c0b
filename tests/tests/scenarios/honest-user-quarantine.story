story A stolen key: nine calls that lock one user out
rule key-exposed
  takes iam
  runs lock-out
function lock-out as lock-out-role within 60s
  answers after 1s, 9 calls each 0.3s, to others only: iam DetachUserPolicy on bob policyArn=arn:aws:iam::123456789012:policy/p-{k}
  answers after 5s, to others only: iam UpdateAccessKey on bob status=Inactive

at 0s every 2h, 3 times security/console: iam AttachUserPolicy on bob policyArn=arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2
lasts 8h

expect key-exposed left alone
