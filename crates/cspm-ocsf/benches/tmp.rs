//! tmp
use cspm_ocsf::*;
const FINDING: &str = r#"{"uid":"conformity:prod:acc-7f3e:S3-017:example-invoices","connection":"prod","vendor":"conformity","vendor_id":"acc-7f3e:S3-017:example-invoices","title":"Bucket enforces encryption in transit","description":"Every bucket policy must reject plain HTTP requests.","message":"Bucket example-invoices accepts requests without TLS.","outcome":"fail","severity":"high","vendor_severity":"HIGH","state":"open","suppression":null,"rule":{"id":"S3-017","title":"Bucket enforces encryption in transit","service":"S3","url":"https://vendor.example.com/rules/S3-017"},"resource":{"id":"arn:aws:s3:::example-invoices","name":"example-invoices","type":"AWS::S3::Bucket"},"account":{"id":"acc-7f3e","cloud_id":"123456789012","name":"billing-prod","provider":"aws"},"region":"eu-west-1","categories":["security"],"standards":[{"id":"CIS-AWS-3.0","control":"2.1.1"},{"id":"PCI-DSS-4.0","control":null}],"tags":{"env":"prod","team":"payments"},"first_seen":"2026-03-02T09:14:05Z","last_seen":"2026-06-01T08:30:00Z","updated":"2026-05-20T10:00:00.25Z","resolved":null,"url":"https://cspm.example.com/checks/1","remediation":{"text":"Add a deny statement on aws:SecureTransport to the bucket policy.","url":"https://vendor.example.com/kb/S3-017"}}"#;
fn main(){
 let finding: cspm_core::Finding = serde_json::from_str(FINDING).unwrap_or_else(|_| std::process::exit(1));
 let context = Context::new("run-1", cspm_core::Timestamp::now());
 let v: Version = std::env::var("V").unwrap_or_default().parse().unwrap_or_default();
 let mut w = Writer::new(std::io::sink(), v);
 if std::env::var("NOVAL").is_ok() { w = w.without_validation(); }
 let t = std::time::Instant::now();
 for _ in 0..200000 { let _ = w.write(&finding,&context); }
 eprintln!("{:?}", t.elapsed()/200000);
}
