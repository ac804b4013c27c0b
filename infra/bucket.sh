# Part of `install` and `stackset`. The bucket has to be this account's: in another one's, the owner could put his code
# in the place of the guard's.

# Makes a bucket that is closed to the public, if it is absent and $4 is "yes".
own_bucket() { # NAME REGION ACCOUNT yes|no
    seen=$(aws s3api head-bucket --bucket "$1" --expected-bucket-owner "$3" --region "$2" 2>&1) && return
    case $seen in
    *"(404)"*) [ "$4" = yes ] || fail "there is no bucket $1" ;;
    *) fail "the bucket $1 is not this account's, or may not be used: $seen. Give another one" ;;
    esac
    echo "Making the bucket $1 for the functions' code"
    if [ "$2" = us-east-1 ]; then
        aws s3api create-bucket --bucket "$1" --region "$2" >/dev/null
    else
        aws s3api create-bucket --bucket "$1" --region "$2" --create-bucket-configuration "LocationConstraint=$2" >/dev/null
    fi || fail "the bucket $1 cannot be made in $2"
    aws s3api put-public-access-block --bucket "$1" --region "$2" --public-access-block-configuration \
        BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
}
