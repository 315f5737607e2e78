# A machine on EC2 whose user-data comes from mesh.yaml. Before: npm ci, in this folder.
terraform {
  required_providers {
    aws      = { source = "hashicorp/aws" }
    external = { source = "hashicorp/external" }
  }
}

variable "ami" {
  type = string
}

variable "machines" {
  type    = set(string)
  default = ["legacy-app"]
}

# Runs when Terraform plans. An error in mesh.yaml stops the plan, with the line and the remedy.
data "external" "mesh" {
  for_each    = var.machines
  working_dir = path.module # where npx finds node_modules
  program     = ["npx", "--no", "meshjoin", "generate", "mesh.yaml", "--format", "external"]
  query       = { machine = each.key }
}

resource "aws_instance" "mesh" {
  for_each      = var.machines
  ami           = var.ami
  instance_type = "t3.small"

  # Compressed, since mesh.yaml says platform: ec2. Terraform must not encode it again, as user_data would be.
  user_data_base64            = data.external.mesh[each.key].result.user_data_base64
  user_data_replace_on_change = true # cloud-init runs once per instance
}
