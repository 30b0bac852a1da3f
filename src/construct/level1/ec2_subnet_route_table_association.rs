// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::EC2::SubnetRouteTableAssociation`.

use crate::construct::typed::{builder, resource};

resource! {
    /// `AWS::EC2::SubnetRouteTableAssociation`.
    CfnSubnetRouteTableAssociation CfnSubnetRouteTableAssociationBuilder "AWS::EC2::SubnetRouteTableAssociation"
    required {
        #[doc = "A change replaces the resource."]
        RouteTableId route_table_id: String;
        #[doc = "A change replaces the resource."]
        SubnetId subnet_id: String;
    }
    optional {}
    attributes {
        "Id" attr_id: String;
    }
}
