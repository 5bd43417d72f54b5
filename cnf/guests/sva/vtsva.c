// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Lets the test endpoint 1234:11ea read and write a process' own memory: read(2) and write(2) of /dev/sva pass the buffer's address to the device as it is.
#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/mm.h>

#define CONTROL 0x04
#define STATUS 0x08
#define LENGTH 0x0C
#define ADDRESS 0x10
#define PASID 0x18
#define TRANSLATIONS 0x28
#define PAGE_REQUESTS 0x2C
#define INVALIDATIONS 0x30
#define START 1
#define TO_MEMORY 2
#define CACHED (2 << 2)
#define WITH_PASID (1 << 4)
#define BUSY 1

static struct pci_dev *card;
static void __iomem *registers;
static DEFINE_MUTEX(one);

static u32 pasid(struct iommu_sva *handle)
{
	return dev_iommu_ops(&card->dev)->sva_get_pasid(handle);
}

/* iommu_sva_bind_device() refuses on x86 since Debian's 6.1.164-1 (CVE-2025-71089: stale translations of the kernel's half); the unit's driver does not. */
static int sva_open(struct inode *inode, struct file *file)
{
	struct iommu_sva *handle = dev_iommu_ops(&card->dev)->sva_bind(&card->dev, current->mm, NULL);

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	file->private_data = handle;
	dev_info(&card->dev, "process %d has PASID %u\n", current->pid, pasid(handle));
	return 0;
}

static int sva_release(struct inode *inode, struct file *file)
{
	dev_iommu_ops(&card->dev)->sva_unbind(file->private_data);
	dev_info(&card->dev, "%u translations, %u page requests, %u invalidations so far\n",
		ioread32(registers + TRANSLATIONS), ioread32(registers + PAGE_REQUESTS), ioread32(registers + INVALIDATIONS));
	return 0;
}

static ssize_t transfer(struct file *file, unsigned long at, size_t length, int direction)
{
	u32 status;
	size_t part = min_t(size_t, length, 4096);

	mutex_lock(&one);
	iowrite32(lower_32_bits(at), registers + ADDRESS);
	iowrite32(upper_32_bits(at), registers + ADDRESS + 4);
	iowrite32(part, registers + LENGTH);
	iowrite32(pasid(file->private_data), registers + PASID);
	iowrite32(START | direction | CACHED | WITH_PASID, registers + CONTROL);
	do {
		usleep_range(20, 50);
		status = ioread32(registers + STATUS);
	} while (status & BUSY);
	mutex_unlock(&one);
	if (status)
		dev_info(&card->dev, "transfer at %lx failed: %x\n", at, status);
	return status ? -EFAULT : part;
}

static ssize_t sva_read(struct file *file, char __user *buffer, size_t length, loff_t *offset)
{
	return transfer(file, (unsigned long) buffer, length, TO_MEMORY);
}

static ssize_t sva_write(struct file *file, const char __user *buffer, size_t length, loff_t *offset)
{
	return transfer(file, (unsigned long) buffer, length, 0);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE, .open = sva_open, .release = sva_release, .read = sva_read, .write = sva_write,
};

static struct miscdevice file = { .minor = MISC_DYNAMIC_MINOR, .name = "sva", .fops = &operations };

static int sva_probe(struct pci_dev *dev, const struct pci_device_id *id)
{
	int result = pcim_enable_device(dev);

	if (result)
		return result;
	pci_set_master(dev);
	registers = pcim_iomap(dev, 0, 0);
	if (!registers)
		return -ENOMEM;
	result = iommu_dev_enable_feature(&dev->dev, IOMMU_DEV_FEAT_IOPF);
	dev_info(&dev->dev, "page faults: %d\n", result);
	result = iommu_dev_enable_feature(&dev->dev, IOMMU_DEV_FEAT_SVA);
	dev_info(&dev->dev, "shared virtual addresses: %d\n", result);
	if (result)
		return result;
	card = dev;
	return misc_register(&file);
}

static void sva_remove(struct pci_dev *dev)
{
	misc_deregister(&file);
	iommu_dev_disable_feature(&dev->dev, IOMMU_DEV_FEAT_SVA);
	iommu_dev_disable_feature(&dev->dev, IOMMU_DEV_FEAT_IOPF);
}

static const struct pci_device_id ids[] = { { PCI_DEVICE(0x1234, 0x11ea) }, { } };
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver sva_driver = { .name = "vtsva", .id_table = ids, .probe = sva_probe, .remove = sva_remove };
module_pci_driver(sva_driver);
MODULE_LICENSE("GPL and additional rights");
MODULE_DESCRIPTION("Shared virtual addresses on VTSim's test endpoint");
