story One image, and eight volumes whose ids stand in the responses
rule tag-created
  takes ec2 CreateImage, CreateVolume
  runs volume-maker
function volume-maker as volume-maker-role within 30s
  answers after 1s, 8 calls each 0.5s, to CreateImage only: ec2 CreateVolume size=100 returning volumeId=vol-{k}

at 0s ann: ec2 CreateImage on i-1

expect tag-created left alone
