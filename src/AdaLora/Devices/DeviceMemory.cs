namespace AdaLora.Devices;

/// <summary>The memory of a card at one moment, whoever uses it. libtorch keeps what it freed for later tensors, so that what is used is what a training needed at most so far.</summary>
/// <param name="UsedBytes">Bytes in use, by this process and all others.</param>
/// <param name="TotalBytes">Bytes that the card has.</param>
public readonly record struct DeviceMemory(long UsedBytes, long TotalBytes);
