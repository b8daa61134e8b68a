"""One live connection to a broker, which sends at once or not at all."""

import aiomqtt
from paho.mqtt.enums import MQTTErrorCode


class LiveClient(aiomqtt.Client):
    """A new object for each connection: paho sends again what an old one had not confirmed."""

    def send(self, topic: str, payload: bytes) -> bool:
        """Write a message with QoS 1, not retained, to the socket now; False if it cannot."""
        return self._client.publish(topic, payload, qos=1).rc is MQTTErrorCode.MQTT_ERR_SUCCESS
