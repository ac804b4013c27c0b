story Terraform opens a port that a remediator closes, each hour for two days
rule close-ports
  takes ec2 AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress
  runs closer
function closer as closer-role
  answers after 5s, to AuthorizeSecurityGroupIngress only: ec2 RevokeSecurityGroupIngress on {resource} port=22

at 0s every 1h, 48 times deploy/terraform: ec2 AuthorizeSecurityGroupIngress on sg-web port=22
lasts 2d

expect close-ports left alone
