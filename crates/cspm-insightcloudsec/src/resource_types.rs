//! Names of resource types that are known by name (vendor document, section 9.6: the list of 2022).

/// Sorted, for a binary search.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "accessanalyzer", "accesslistflowlog", "airflowenvironment", "apiaccountingconfig", "apprunnerservice",
    "appserver", "autoscalinggroup", "autoscalinglaunchconfiguration", "awsconfig", "backendservice",
    "backupvault", "batchenvironment", "batchpool", "bigdatainstance", "bigdatasnapshot",
    "bigdataworkspace", "brokerinstance", "buildproject", "cloudwatchdestination", "coldstorage",
    "container", "containercluster", "containerdeployment", "containerimage", "containerinstance",
    "containernodegroup", "containerregistry", "containerservice", "contentdeliverynetwork",
    "dataanalyticsworkspace", "database", "databricksworkspace", "datafactory", "datalakestorage",
    "datastore", "datastream", "datasynctask", "dbcluster", "dbinstance", "dbmigrationinstance", "dbproxy",
    "dbsnapshot", "ddosprotection", "deliverystream", "diagnosticsetting", "directconnect",
    "directoryservice", "distributedtable", "distributedtablecluster", "divvyorganizationservice",
    "dnszone", "domaingroup", "domainuser", "ecstaskdefinition", "emailservicedomain", "esinstance",
    "etldatacatalog", "etlsecurityconfig", "eventsubscription", "fileshare", "forwardingrule",
    "gcpstackdriversink", "globalloadbalancer", "graphapi", "hypervisor", "identityprovider", "instance",
    "instancereservation", "internetgateway", "kubernetesclusterrole", "kubernetesconfigmap",
    "kubernetescontrolplane", "kubernetescronjob", "kubernetesdaemonset", "kubernetesingress",
    "kubernetesjob", "kubernetesmutatingwebhookconfiguration", "kubernetesnamespace",
    "kubernetesnetworkpolicy", "kubernetespersistentvolume", "kubernetesreplicaset", "kubernetesrole",
    "kubernetessecret", "kubernetesservice", "kubernetesserviceaccount", "kubernetesstatefulset",
    "kubernetesvalidatingwebhookconfiguration", "lightsail", "loadbalancer", "loganalyticsworkspace",
    "logicapp", "mapreducecluster", "mcdatabasecluster", "mcinstance", "mcsnapshot", "messagequeue",
    "mlinstance", "natgateway", "networkaddressgroup", "networkendpoint", "networkendpointservice",
    "networkfirewall", "networkfirewallrule", "networkfirewallrulelist", "networkflowlog",
    "networkinterface", "networkpeer", "notificationsubscription", "notificationtopic", "pod",
    "podsecuritypolicy", "privateimage", "privatenetwork", "privatesubnet", "publicip", "querylogconfig",
    "recyclebinrule", "resourceaccesslist", "resourceaccesslistrule", "resourcegroup", "restapi",
    "restapidomain", "restapikey", "restapistage", "route", "routetable", "searchcluster", "searchindex",
    "secret", "securefiletransfer", "serverlessapplication", "serverlessfunction", "serverlesslayer",
    "serviceaccesskey", "serviceaccesspoint", "servicealarm", "serviceapp", "servicecertificate",
    "servicecheck", "servicecontrolpolicy", "servicecost", "servicedataset", "servicedetector",
    "servicedomain", "serviceencryptionkey", "serviceencryptionkeyvault", "serviceeventbus",
    "serviceeventrule", "servicegroup", "servicelimit", "serviceloggroup", "serviceoutpost",
    "servicepolicy", "serviceregion", "servicerole", "serviceuser", "sharedfilesystem", "sharedgallery",
    "sharedgalleryimage", "sharedgalleryimageversion", "sitetositevpn", "snapshot", "spanner",
    "spannerdatabase", "sshkeypair", "ssmdocument", "stacktemplate", "stepfunction", "storageaccount",
    "storagecontainer", "storagegateway", "storedparameter", "streaminstance", "targetproxy",
    "threatfinding", "threatfindingresource", "timeseriesdatabase", "trafficmirrortarget",
    "transcodingpipeline", "transcriptionjob", "transitgateway", "userpool", "videostream",
    "virtualprivategateway", "volume", "waf", "webapp", "webappgroup", "workspace",
];

/// Whether a type was on the vendor's list when this was written. Others are kept all the same, and remarked on.
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_as_a_binary_search_needs_it() {
        assert!(KNOWN.is_sorted());
        assert!(is_known("storagecontainer") && is_known("accessanalyzer") && is_known("workspace"));
        assert!(!is_known("quantumcomputer"));
    }
}
