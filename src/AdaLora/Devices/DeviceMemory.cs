namespace AdaLora.Devices;

/// <summary>The memory of a GPU at one moment, whoever uses it. libtorch keeps freed memory for later tensors, so the used amount is a training's peak so far.</summary>
/// <param name="UsedBytes">Bytes in use, by this process and all others.</param>
/// <param name="TotalBytes">Total bytes of the GPU.</param>
public readonly record struct DeviceMemory(long UsedBytes, long TotalBytes);
