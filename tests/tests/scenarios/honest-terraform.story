story Terraform creates 78 resources, an auto-tagger tags each
# 78 firings from outside and 78 of its own, each resource once.

rule tag-all
  takes ec2 Create*
  runs auto-tagger
function auto-tagger as auto-tagger-role
  answers after 3s, once per resource: ec2 CreateTags on {resource} owner=terraform

at 0s every 0.5s, 78 times deploy/terraform: ec2 CreateVolume on vol-{n}

expect tag-all left alone
