use lambda_runtime::{service_fn, LambdaEvent, Error};
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let http = aws_smithy_http_client::Builder::new().tls_provider(aws_smithy_http_client::tls::Provider::Rustls(aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring)).build_https();
    let c = aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(http).load().await;
    let e = aws_sdk_eventbridge::Client::new(&c);
    let d = aws_sdk_dynamodb::Client::new(&c);
    let s = aws_sdk_sns::Client::new(&c);
    tracing_subscriber::fmt().json().init();
    lambda_runtime::run(service_fn(|_e: LambdaEvent<serde_json::Value>| { let (e,d,s)=(e.clone(),d.clone(),s.clone()); async move {
        e.disable_rule().name("x").send().await.ok(); d.get_item().table_name("x").send().await.ok(); s.publish().message("x").send().await.ok();
        Ok::<(), Error>(()) }})).await
}
