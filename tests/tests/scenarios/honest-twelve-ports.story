story A fixer that closes twelve ports one by one
rule group-opened
  takes ec2 AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress
  runs port-closer
function port-closer as port-closer-role within 30s
  answers after 1s, 12 calls each 0.7s, to AuthorizeSecurityGroupIngress only: ec2 RevokeSecurityGroupIngress on {resource} rule=sgr-{k}

at 0s every 30m, 4 times ann: ec2 AuthorizeSecurityGroupIngress on sg-db ports=all

expect group-opened left alone
